/** One cookie as a browser keeps it. */
interface KeptCookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/** A browser as far as its cookies go: it keeps them by name, domain and path, and sends each where its path says. */
export class Browser {
  readonly #kept = new Map<string, KeptCookie>();

  constructor(public url: string) {}

  /** What it would send to a path. */
  cookiesFor(path: string): string[] {
    return [...this.#kept.values()]
      .filter((cookie) => isWithin(path, cookie.path))
      .map(({ name, value }) => `${name}=${value}`);
  }

  /** Asks for a path, and answers what came with it. */
  async visit(path: string): Promise<{ status: number; text: string; setCookies: string[] }> {
    const response = await fetch(new URL(path, this.url), {
      redirect: 'manual',
      signal: AbortSignal.timeout(5_000),
      headers: { cookie: this.cookiesFor(path).join('; ') },
    });
    const setCookies = response.headers.getSetCookie();
    setCookies.forEach((line) => this.#keep(line));
    return { status: response.status, text: await response.text(), setCookies };
  }

  /** Another browser with the same cookies. */
  copy(): Browser {
    const copy = new Browser(this.url);
    this.#kept.forEach((cookie, key) => copy.#kept.set(key, cookie));
    return copy;
  }

  #keep(line: string): void {
    const [pair = '', ...rest] = line.split('; ');
    const attributes = new Map(
      rest.map((one) => one.split('=')).map(([key = '', value = '']) => [key, value]),
    );
    const name = pair.slice(0, pair.indexOf('='));
    const path = attributes.get('Path') ?? '/';
    const key = [name, attributes.get('Domain') ?? '', path].join(';');
    const expires = attributes.get('Expires');
    if (expires !== undefined && Date.parse(expires) <= Date.now()) {
      this.#kept.delete(key);
    } else {
      this.#kept.set(key, { name, value: pair.slice(name.length + 1), path });
    }
  }
}

function isWithin(path: string, scope: string): boolean {
  return scope.endsWith('/') ? path.startsWith(scope) : path === scope || path.startsWith(`${scope}/`);
}
