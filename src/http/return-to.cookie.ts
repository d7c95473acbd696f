import { hkdfSync } from 'node:crypto';
import { stringifySetCookie } from 'cookie';
import { sign, unsign } from 'cookie-signature';
import type { Clock } from '../core/clock.js';
import { valuesOf } from './cookie.transport.js';
import { isOwnPage } from './own-page.js';

const MINUTE = 60_000;
/** How long a page is remembered. */
const LIFETIME = 10 * MINUTE;

// When it was made, in milliseconds `.` the page as base64url `.` signature.
const SIGNED = /^(\d{1,16})\.([\w-]+)\.[A-Za-z0-9+/]{43}$/;

/** What of the cookie depends on the request. */
interface Attributes {
  readonly secure: boolean;
}

/**
 * The page that somebody asked for before the login, in a cookie of its own, so that a visitor needs no session for it. It
 * is signed and says when it was made; whoever sends it again within its ten minutes gets a path of this application, no more.
 */
export class ReturnToCookie {
  readonly name: string;
  /** Keys of their own, so that no session cookie can stand in for this one, nor the reverse. */
  readonly #keys: readonly [Buffer, ...Buffer[]];

  constructor(
    sessionCookie: string,
    [first, ...others]: readonly [string, ...string[]],
    private readonly clock: Clock,
  ) {
    // A prefix such as `__Host-` stays where browsers look for it.
    this.name = `${sessionCookie}.return`;
    this.#keys = [derived(first, this.name), ...others.map((secret) => derived(secret, this.name))];
  }

  /** The values that a request brings, whatever they are. */
  valuesIn(header: string | undefined): string[] {
    return header?.includes(this.name) === true ? [...valuesOf(header, this.name)] : [];
  }

  /** The page that was remembered last, of values that are ours and still good. */
  open(values: readonly string[]): string | undefined {
    const pages = values.flatMap((value) => this.#read(value) ?? []);
    return pages.sort((one, other) => other.made - one.made)[0]?.page;
  }

  /** The Set-Cookie header that remembers a page. */
  write(page: string, attributes: Attributes): string {
    const value = sign(`${this.clock.now()}.${Buffer.from(page).toString('base64url')}`, this.#keys[0]);
    // For so long by the client's own clock, which `Expires` would not be.
    return this.#setCookie(value, attributes, { maxAge: LIFETIME / 1_000 });
  }

  /** The Set-Cookie header that takes it away. */
  clear(attributes: Attributes): string {
    return this.#setCookie('', attributes, { expires: new Date(0) });
  }

  /** Lax whatever the session's own cookie is: it has to come along when another site, such as a login server, leads back. */
  #setCookie(value: string, { secure }: Attributes, ends: { maxAge: number } | { expires: Date }): string {
    return stringifySetCookie(this.name, value, {
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure,
      ...ends,
      // Nothing in it needs encoding.
      encode: String,
    });
  }

  #read(value: string): { readonly made: number; readonly page: string } | undefined {
    const [, made, page] = SIGNED.exec(value) ?? [];
    if (made === undefined || page === undefined || !this.#isFresh(Number(made))) {
      return undefined;
    }
    if (!this.#keys.some((key) => unsign(value, key) !== false)) {
      return undefined;
    }
    // Once more: what was a page of ours for an older version need not be one now.
    const text = Buffer.from(page, 'base64url').toString();
    return isOwnPage(text) ? { made: Number(made), page: text } : undefined;
  }

  /** Clocks of several processes differ a little, and a clock may be set back: as long ahead as it may be old. */
  #isFresh(made: number): boolean {
    return Math.abs(this.clock.now() - made) < LIFETIME;
  }
}

/** A key for nothing but this cookie (RFC 5869). */
function derived(secret: string, cookieName: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `nest-sessions/return-to/v1/${cookieName}`, 32));
}
