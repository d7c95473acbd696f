import type { IncomingMessage } from 'node:http';
import { stringifySetCookie } from 'cookie';
import type { CookieAttributes } from '../core/meta.js';
import type { Token } from '../core/record.js';
import { MOST_COOKIE_BYTES, type Sealer, tooLargeForCookie } from '../core/sealed-sessions.js';
import type { PresentedToken } from '../core/session-backend.js';
import { clearingCookie, valuesOf, withoutMaxAge } from './cookie.transport.js';
import type { TokenTransport } from './token.transport.js';

/** How many cookies of our name are opened at most; more than one only comes with other paths or domains. */
const MOST_OPENED = 4;

/** Carries sealed sessions in their cookie. A token needs no signature: it is authenticated as a whole. */
export class SealedTransport implements TokenTransport {
  constructor(
    private readonly name: string,
    private readonly sealer: Sealer,
  ) {}

  /** What has the form of a token of ours. Which one is counts when they are opened, in no defined order. */
  read(req: IncomingMessage): PresentedToken | undefined {
    const { cookie } = req.headers;
    if (cookie === undefined || !cookie.includes(this.name)) {
      return undefined;
    }
    const tokens = new Set<Token>();
    for (const value of valuesOf(cookie, this.name)) {
      // Anything longer cannot have been ours; that is cheaper to see than its form.
      if (value.length <= MOST_COOKIE_BYTES && this.sealer.isToken(value)) {
        tokens.add(value);
      }
      if (tokens.size === MOST_OPENED) {
        break;
      }
    }
    const [token, ...others] = tokens;
    return token === undefined ? undefined : { token, others };
  }

  /** @throws {SessionError} `session_too_large` when browsers would not keep the cookie */
  write(token: Token, attributes: CookieAttributes, expires: number | undefined): string {
    const header = stringifySetCookie(this.name, token, {
      ...withoutMaxAge(attributes),
      ...(expires === undefined ? {} : { expires: new Date(expires) }),
    });
    const bytes = Buffer.byteLength(header);
    if (bytes > MOST_COOKIE_BYTES) {
      throw tooLargeForCookie(bytes);
    }
    return header;
  }

  clear(attributes: CookieAttributes): string {
    return clearingCookie(this.name, attributes);
  }
}
