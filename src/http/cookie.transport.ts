import type { IncomingMessage } from 'node:http';
import { stringifySetCookie } from 'cookie';
import { sign, unsign } from 'cookie-signature';
import type { CookieAttributes } from '../core/meta.js';
import type { Token } from '../core/record.js';
import type { SessionIdentity, TokenScheme } from '../core/token.js';
import type { TokenTransport } from './token.transport.js';
import { VerifiedCookies } from './verified-cookies.js';

// `s:` token `.` signature.
const SIGNED = /^s:(.+)\.[A-Za-z0-9+/]{43}$/;
const AROUND_TOKEN = 's:.'.length + 43;
/** What a character may become when it is percent-encoded. */
const ENCODED = '%3A'.length;

/** Carries the token in a signed cookie, in express-session's format. */
export class CookieTransport implements TokenTransport {
  readonly #verified = new VerifiedCookies();
  /** Not visible to whoever prints a request. */
  readonly #secrets: readonly [string, ...string[]];
  /** Nothing longer can be one of ours. */
  readonly #longest: number;

  constructor(
    private readonly name: string,
    secrets: readonly [string, ...string[]],
    private readonly tokens: TokenScheme,
  ) {
    this.#secrets = secrets;
    this.#longest = ENCODED * (AROUND_TOKEN + tokens.longest);
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

  write(token: Token, attributes: CookieAttributes, expires: number | undefined): string {
    return stringifySetCookie(this.name, `s:${sign(token, this.#secrets[0])}`, {
      ...withoutMaxAge(attributes),
      ...(expires === undefined ? {} : { expires: new Date(expires) }),
    });
  }

  clear(attributes: CookieAttributes): string {
    return clearingCookie(this.name, attributes);
  }

  #verify(cut: string): SessionIdentity | undefined {
    if (cut.length > this.#longest) {
      return undefined;
    }
    const known = this.#verified.get(cut);
    if (known !== undefined) {
      return known;
    }
    // What is remembered must be a copy: a text that is cut out of a Cookie header keeps the whole header in memory (measured
    // with 9 000 headers of 8 KB: 76 MB, and 4 MB with copies).
    const value = Buffer.from(cut).toString();
    const signed = decode(value);
    const token = signed === undefined ? undefined : SIGNED.exec(signed)?.[1];
    if (signed === undefined || token === undefined || !this.tokens.isToken(token)) {
      return undefined;
    }
    if (!this.#secrets.some((secret) => unsign(signed.slice(2), secret) !== false)) {
      return undefined;
    }
    const identity = { token, id: this.tokens.idOf(token) };
    this.#verified.add(value, identity);
    return identity;
  }
}

/** Every value a cookie header has for a name; the header's own order. */
export function* valuesOf(header: string, name: string): Generator<string> {
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

/** The header that takes a cookie away. */
export function clearingCookie(name: string, attributes: CookieAttributes): string {
  return stringifySetCookie(name, '', { ...withoutMaxAge(attributes), expires: new Date(0) });
}

/** The attributes as `cookie` takes them: when a cookie ends is said as a date. */
export function withoutMaxAge(attributes: CookieAttributes): Omit<CookieAttributes, 'originalMaxAge'> {
  const { originalMaxAge: _, ...others } = attributes;
  return others;
}
