import { stringifySetCookie } from 'cookie';
import session from 'express-session';
import { SessionError } from '../core/errors.js';
import type { CookieAttributes } from '../core/meta.js';

/** `req.session.cookie`: express-session's own class, with what is needed to see that it was changed. */
export class SessionCookie {
  readonly cookie: session.Cookie;
  #before: string;

  constructor(attributes: CookieAttributes) {
    const { originalMaxAge, ...others } = attributes;
    this.cookie = Object.assign(new session.Cookie(), others);
    this.#lasts(originalMaxAge);
    this.#before = this.#text();
  }

  /** Takes over the attributes of another cookie, of options for one, or of a cookie that was made JSON. */
  assign(options: object): void {
    const given: Partial<session.CookieOptions & CookieAttributes> =
      'data' in options ? Object(options.data) : options;
    const { maxAge, originalMaxAge, expires, ...others } = given;
    Object.assign(this.cookie, others);
    if (maxAge !== undefined) {
      this.#lasts(maxAge);
    } else if (originalMaxAge !== undefined) {
      // Not `expires`: what is left of another cookie's time is not what this one is to last.
      this.#lasts(originalMaxAge);
    } else if (expires !== undefined) {
      this.cookie.expires = expires;
    }
  }

  /** Lets the cookie last from now on as long as it was made for. */
  reset(): void {
    this.#lasts(this.cookie.originalMaxAge);
  }

  #lasts(maxAge: number | null): void {
    if (maxAge === null) {
      this.cookie.expires = null;
    } else {
      this.cookie.maxAge = maxAge;
    }
    // The setter subtracts the clock from itself and may be a millisecond off.
    this.cookie.originalMaxAge = maxAge;
  }

  /**
   * The attributes, if they were changed since they were last asked for; `isSecure` is what `secure: 'auto'` means.
   *
   * @throws {SessionError} for attributes that no cookie can have
   */
  takeChange(isSecure: boolean): CookieAttributes | undefined {
    const text = this.#text();
    if (text === this.#before) {
      return undefined;
    }
    this.#before = text;
    const { secure, ...others }: Omit<CookieAttributes, 'secure'> & Pick<session.CookieOptions, 'secure'> =
      JSON.parse(text);
    const changed: CookieAttributes = {
      ...others,
      ...(secure === undefined ? {} : { secure: secure === 'auto' ? isSecure : secure }),
    };
    assertWritable(changed);
    return changed;
  }

  #text(): string {
    const cookie: session.Cookie & Pick<CookieAttributes, 'partitioned' | 'priority'> = this.cookie;
    const { originalMaxAge, secure, httpOnly, domain, path, sameSite, partitioned, priority } = cookie;
    return JSON.stringify({
      originalMaxAge: typeof originalMaxAge === 'number' ? withoutDrift(originalMaxAge) : null,
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

/** The setter of `maxAge` reads the clock twice, and what it was given loses a millisecond or two on the way. */
function withoutDrift(maxAge: number): number {
  const whole = Math.ceil(maxAge / 1_000) * 1_000;
  return whole - maxAge <= 2 ? whole : maxAge;
}

/** What would fail in the header must not be stored. */
function assertWritable(attributes: CookieAttributes): void {
  try {
    stringifySetCookie('name', '', attributes);
  } catch (cause) {
    throw new SessionError('session_not_serializable', {
      what: `The session's cookie cannot be written: ${cause instanceof Error ? cause.message : 'unknown'}.`,
      fix: 'Give req.session.cookie attributes as in the option cookie.',
      cause,
    });
  }
}
