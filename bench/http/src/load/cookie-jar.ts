import { parseSetCookie } from 'cookie';

/** What a browser keeps of one site, without looking at anything but names and ends. */
export class CookieJar {
  readonly #cookies = new Map<string, string>();

  /** Browsers keep no cookie whose name and value are longer together. */
  static readonly LIMIT = 4_096;

  /** The header to send; empty when there is no cookie. */
  header = '';
  /** The longest cookie that was ever set, in bytes. */
  longest = 0;

  keep(setCookies: readonly string[]): void {
    for (const text of setCookies) {
      const { name, value = '', maxAge, expires } = parseSetCookie(text, { decode: (raw) => raw });
      this.longest = Math.max(this.longest, name.length + value.length);
      if (value === '' || (maxAge ?? 1) <= 0 || (expires?.getTime() ?? Infinity) <= Date.now()) {
        this.#cookies.delete(name);
      } else {
        this.#cookies.set(name, value);
      }
    }
    this.header = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }
}
