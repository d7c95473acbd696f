import session from 'express-session';
import { type CookieAttributes, usableAttributes } from '../../core/meta.js';
import { isObject } from './session-data.js';

/** The latest time that a Date can hold. */
const END_OF_TIME = 8_640_000_000_000_000;

/** The cookie of a stored session. */
export interface StoredCookie {
  readonly attributes: CookieAttributes;
  /** In milliseconds since the epoch; null where it ends with the browser. */
  readonly expires: number | null;
}

/** Reads the cookie of a stored session: an object that was JSON, or BSON, or is still a Cookie. */
export function readCookie(stored: unknown): StoredCookie {
  const cookie = isObject(stored) && typeof stored.toJSON === 'function' ? stored.toJSON() : stored;
  if (!isObject(cookie)) {
    return { attributes: { originalMaxAge: null }, expires: null };
  }
  return { attributes: usableAttributes(cookie), expires: timeOf(cookie.expires) };
}

/**
 * A cookie as express-session keeps it. What stores expire a session by is its `expires`, so it has one even where the
 * browser's cookie ends with the browser.
 */
export function makeCookie({ attributes, expires }: StoredCookie): session.Cookie {
  const { originalMaxAge, ...others } = attributes;
  const cookie = Object.assign(new session.Cookie(), others);
  cookie.expires = expires === null ? null : new Date(expires);
  // The setter takes what is left until then for it.
  cookie.originalMaxAge = originalMaxAge;
  return cookie;
}

/** The nearest time that a cookie can hold: a Date has whole milliseconds. */
export function cookieTime(time: number): number {
  return Math.trunc(Math.min(time, END_OF_TIME));
}

/**
 * A cookie with the usual `originalMaxAge` where its own is that but for the time that it took to make it: express-session works it
 * out from when the cookie expires, a little later.
 */
export function withUsualAge(cookie: StoredCookie, usual: number | null | undefined): StoredCookie {
  const { originalMaxAge } = cookie.attributes;
  return typeof usual === 'number' && originalMaxAge !== null && Math.abs(originalMaxAge - usual) < 1_000
    ? { ...cookie, attributes: { ...cookie.attributes, originalMaxAge: usual } }
    : cookie;
}

/** Whether two cookies have the same attributes; one that is absent is what it is by default. */
export function haveSameAttributes(one: CookieAttributes, other: CookieAttributes): boolean {
  return textOf(one) === textOf(other);
}

function textOf({ originalMaxAge, ...others }: CookieAttributes): string {
  const { path = '/', httpOnly = true, domain, priority } = others;
  const { secure = false, sameSite = false, partitioned = false } = others;
  const site = sameSite === true ? 'strict' : sameSite;
  return JSON.stringify([originalMaxAge, path, httpOnly, domain, priority, secure, site, partitioned]);
}

function timeOf(expires: unknown): number | null {
  const time =
    expires instanceof Date || typeof expires === 'string' ? new Date(expires).valueOf() : Number.NaN;
  return Number.isFinite(time) ? time : null;
}
