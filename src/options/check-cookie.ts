import type { IncomingMessage } from 'node:http';
import { checkNames, checkOneOf, shown } from './check.js';
import type { ResolvedCookie } from './resolved-options.js';
import { SessionOptionsError } from './session-options.error.js';
import type { SessionCookieOptions } from './session.options.js';

const KNOWN = [
  'path',
  'domain',
  'httpOnly',
  'secure',
  'sameSite',
  'maxAge',
  'expires',
  'partitioned',
  'priority',
];
// RFC 6265 4.1.1: a token of RFC 9110.
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** The cookie's name and what gives its attributes for a request. */
export interface CheckedCookie {
  readonly name: string;
  readonly cookie: (req: IncomingMessage) => ResolvedCookie;
  /** The attributes, where they are the same for every request. */
  readonly fixed?: ResolvedCookie;
  /** The lifetime of a persistent cookie, where it is the same for every request. */
  readonly maxAge: number | null;
}

export function checkCookie(option: unknown, name: unknown, isProduction: boolean): CheckedCookie {
  if (typeof option === 'function') {
    const checkedName = checkName(name ?? 'sid');
    const ofRequest = option as (req: IncomingMessage) => SessionCookieOptions;
    return {
      name: checkedName,
      cookie: (req) => withPrefixRules(checkedName, attributes(ofRequest(req), isProduction)),
      maxAge: null,
    };
  }
  const fixed = attributes(option, isProduction);
  const allowsHostPrefix =
    isProduction && fixed.secure === true && fixed.path === '/' && fixed.domain === undefined;
  const checkedName = checkName(name ?? (allowsHostPrefix ? '__Host-sid' : 'sid'));
  withPrefixRules(checkedName, fixed);
  return { name: checkedName, cookie: () => fixed, fixed, maxAge: fixed.maxAge };
}

function attributes(option: unknown, isProduction: boolean): ResolvedCookie {
  if (option !== undefined && (typeof option !== 'object' || option === null)) {
    throw fault('cookie', `${shown(option)} is no object`, 'Give the attributes of the cookie.');
  }
  const given: Record<string, unknown> = { ...option };
  checkNames('cookie', given, KNOWN);
  const secure = checkOneOf('cookie.secure', given.secure ?? (isProduction ? true : 'auto'), [
    true,
    false,
    'auto',
  ] as const);
  const sameSite = checkOneOf('cookie.sameSite', sameSiteOf(given.sameSite), [
    'lax',
    'strict',
    'none',
    'auto',
    false,
  ] as const);
  if (sameSite === 'none' && secure !== true) {
    throw fault(
      'cookie.sameSite',
      '"none" without secure: true is refused by browsers',
      "Set cookie.secure to true, or cookie.sameSite to 'lax'.",
    );
  }
  const { maxAge = null } = given;
  if (maxAge !== null && !(typeof maxAge === 'number' && Number.isFinite(maxAge) && maxAge > 0)) {
    throw fault(
      'cookie.maxAge',
      `${shown(maxAge)} is no number of milliseconds above zero`,
      'Leave it out for a cookie that ends with the browser.',
    );
  }
  return {
    maxAge,
    ...(given.expires === undefined || given.expires === null ? {} : { expiresAt: checkDate(given.expires) }),
    secure,
    sameSite,
    path: checkText('cookie.path', given.path ?? '/'),
    httpOnly: checkOneOf('cookie.httpOnly', given.httpOnly ?? true, [true, false] as const),
    ...(given.domain === undefined ? {} : { domain: checkText('cookie.domain', given.domain) }),
    ...(given.partitioned === undefined
      ? {}
      : { partitioned: checkOneOf('cookie.partitioned', given.partitioned, [true, false] as const) }),
    ...(given.priority === undefined
      ? {}
      : { priority: checkOneOf('cookie.priority', given.priority, ['low', 'medium', 'high'] as const) }),
  };
}

function checkDate(expires: unknown): number {
  if (!(expires instanceof Date) || Number.isNaN(expires.valueOf())) {
    throw fault(
      'cookie.expires',
      `${shown(expires)} is no date`,
      'Give cookie.maxAge instead, in milliseconds.',
    );
  }
  return expires.valueOf();
}

function sameSiteOf(value: unknown): unknown {
  return value === true ? 'strict' : (value ?? 'lax');
}

/** RFC 6265bis 4.1.3: browsers drop a cookie whose name promises what its attributes do not keep. */
function withPrefixRules(name: string, cookie: ResolvedCookie): ResolvedCookie {
  const prefix = /^__(?:host|secure)-/i.exec(name)?.[0].toLowerCase();
  if (prefix !== undefined && cookie.secure !== true) {
    throw fault(
      'name',
      `${shown(name)} needs a secure cookie`,
      'Set cookie.secure to true, or choose a name without the prefix.',
    );
  }
  if (prefix === '__host-' && (cookie.domain !== undefined || cookie.path !== '/')) {
    throw fault(
      'name',
      `${shown(name)} allows no domain and no path but "/"`,
      'Leave cookie.domain and cookie.path out, or choose a name without the prefix.',
    );
  }
  return cookie;
}

function checkName(name: unknown): string {
  if (typeof name !== 'string' || !COOKIE_NAME.test(name)) {
    throw fault('name', `${shown(name)} is no name for a cookie`, "Give a name such as 'sid'.");
  }
  return name;
}

function checkText(option: string, value: unknown): string {
  if (typeof value !== 'string' || !/^[\x21-\x3a\x3c-\x7e]+$/.test(value)) {
    throw fault(
      option,
      `${shown(value)} cannot stand in a cookie`,
      'Give plain text without spaces and semicolons.',
    );
  }
  return value;
}

function fault(option: string, problem: string, fix: string): SessionOptionsError {
  return new SessionOptionsError({ option, problem, fix });
}
