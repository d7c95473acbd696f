import session from 'express-session';
import type { CookieAttributes } from '../core/meta.js';

/** `req.session.cookie`: express-session's own class, with what is needed to see that it was changed. */
export class SessionCookie {
  readonly cookie: session.Cookie;
  #before: string;

  constructor(attributes: CookieAttributes) {
    const { originalMaxAge, ...others } = attributes;
    this.cookie = Object.assign(new session.Cookie(), others);
    if (originalMaxAge !== null) {
      this.cookie.maxAge = originalMaxAge;
      // The setter subtracts the clock from itself and may be a millisecond off.
      this.cookie.originalMaxAge = originalMaxAge;
    }
    this.#before = this.#text();
  }

  /** Takes over the attributes of another cookie, or of options for one. */
  assign(options: object): void {
    Object.assign(this.cookie, 'data' in options ? options.data : options);
  }

  /** Lets the cookie last from now on as long as it was made for. */
  reset(): void {
    const { originalMaxAge } = this.cookie;
    if (originalMaxAge !== null) {
      this.cookie.maxAge = originalMaxAge;
      this.cookie.originalMaxAge = originalMaxAge;
    }
  }

  /** The attributes, if they were changed since they were last asked for. */
  takeChange(): CookieAttributes | undefined {
    const text = this.#text();
    if (text === this.#before) {
      return undefined;
    }
    this.#before = text;
    const changed: CookieAttributes = JSON.parse(text);
    return changed;
  }

  #text(): string {
    const cookie: session.Cookie & Pick<CookieAttributes, 'partitioned' | 'priority'> = this.cookie;
    const { originalMaxAge, secure, httpOnly, domain, path, sameSite, partitioned, priority } = cookie;
    return JSON.stringify({
      originalMaxAge: typeof originalMaxAge === 'number' ? originalMaxAge : null,
      secure,
      httpOnly,
      domain,
      path,
      sameSite,
      partitioned,
      priority,
    });
  }
}
