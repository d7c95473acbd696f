import type { IncomingMessage } from 'node:http';
import { stringifySetCookie } from 'cookie';
import { sign, unsign } from 'cookie-signature';
import type { CookieAttributes } from '../core/meta.js';
import type { Token } from '../core/record.js';
import { identify, isToken, type SessionIdentity } from '../core/token.js';
import { VerifiedCookies } from './verified-cookies.js';

// `s:` token `.` signature, percent-encoded; nothing longer can be one of ours.
const LONGEST = 200;
const SIGNED = /^s:([A-Za-z0-9_-]{43})\.[A-Za-z0-9+/]{43}$/;

/** Carries the token in a signed cookie, in express-session's format. */
export class CookieTransport {
  readonly #verified = new VerifiedCookies();
  /** Not visible to whoever prints a request. */
  readonly #secrets: readonly [string, ...string[]];

  constructor(
    private readonly name: string,
    secrets: readonly [string, ...string[]],
  ) {
    this.#secrets = secrets;
  }

  /**
   * The token of a request; undefined for anything that is not well signed. Several cookies of our name come in no
   * defined order (RFC 6265bis 5.8.3): the one that verifies counts, and two different ones that do count as none.
   */
  read(req: IncomingMessage): SessionIdentity | undefined {
    const { cookie } = req.headers;
    if (cookie === undefined || !cookie.includes(this.name)) {
      return undefined;
    }
    let found: SessionIdentity | undefined;
    for (const value of valuesOf(cookie, this.name)) {
      const identity = this.#verify(value);
      if (identity === undefined) {
        continue;
      }
      if (found !== undefined && found.token !== identity.token) {
        return undefined;
      }
      found = identity;
    }
    return found;
  }

  /** The Set-Cookie header that gives a token to the client; without `expires` it ends with the browser. */
  write(token: Token, attributes: CookieAttributes, expires: number | undefined): string {
    return stringifySetCookie(this.name, `s:${sign(token, this.#secrets[0])}`, {
      ...withoutMaxAge(attributes),
      ...(expires === undefined ? {} : { expires: new Date(expires) }),
    });
  }

  /** The Set-Cookie header that takes it away again; browsers go by name, domain and path. */
  clear(attributes: CookieAttributes): string {
    return stringifySetCookie(this.name, '', { ...withoutMaxAge(attributes), expires: new Date(0) });
  }

  #verify(value: string): SessionIdentity | undefined {
    if (value.length > LONGEST) {
      return undefined;
    }
    const known = this.#verified.get(value);
    if (known !== undefined) {
      return known;
    }
    const signed = decode(value);
    const token = signed === undefined ? undefined : SIGNED.exec(signed)?.[1];
    if (signed === undefined || token === undefined || !isToken(token)) {
      return undefined;
    }
    if (!this.#secrets.some((secret) => unsign(signed.slice(2), secret) !== false)) {
      return undefined;
    }
    const identity = identify(token);
    this.#verified.add(value, identity);
    return identity;
  }
}

/** Every value a cookie header has for a name; the header's own order. */
function* valuesOf(header: string, name: string): Generator<string> {
  let at = 0;
  while (at < header.length) {
    const semicolon = header.indexOf(';', at);
    const end = semicolon === -1 ? header.length : semicolon;
    const equals = header.indexOf('=', at);
    if (equals !== -1 && equals < end && header.slice(at, equals).trim() === name) {
      yield header.slice(equals + 1, end).trim();
    }
    at = end + 1;
  }
}

function decode(value: string): string | undefined {
  const plain = value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
  try {
    return decodeURIComponent(plain);
  } catch {
    return undefined;
  }
}

function withoutMaxAge(attributes: CookieAttributes): Omit<CookieAttributes, 'originalMaxAge'> {
  const { originalMaxAge: _, ...others } = attributes;
  return others;
}
