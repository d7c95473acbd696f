import type { IncomingMessage } from 'node:http';
import type { CookieAttributes } from '../core/meta.js';
import type { Token } from '../core/record.js';
import type { PresentedToken } from '../core/session-backend.js';

/** How the token travels between the client and here. */
export interface TokenTransport {
  /** The token that a request brings; undefined for anything that cannot be one of ours. */
  read(req: IncomingMessage): PresentedToken | undefined;
  /**
   * The Set-Cookie header that gives a token to the client; without `expires` it ends with the browser.
   *
   * @throws {SessionError} `session_too_large` when the client would not keep it
   */
  write(token: Token, attributes: CookieAttributes, expires: number | undefined): string;
  /** The Set-Cookie header that takes it away again; browsers go by name, domain and path. */
  clear(attributes: CookieAttributes): string;
}
