import type { IncomingMessage, ServerResponse } from 'node:http';
import type { NewSession } from '../core/active-session.types.js';
import type { CookieAttributes } from '../core/meta.js';
import type { RandomSource } from '../core/token.js';
import type { SessionLogger } from '../options/session-logger.js';
import type { ReturnToCookie } from './return-to.cookie.js';
import type { TokenTransport } from './token.transport.js';

/** What all requests share at the edge, as one request's session sees it. */
export interface SessionSite {
  readonly transport: TokenTransport;
  readonly logger: SessionLogger;
  readonly random: RandomSource;
  readonly unset: 'destroy' | 'keep';
  readonly rolling: boolean;
  /** `req.sessionStore`, in express-session's terms. */
  readonly expressStore: unknown;
  /** Undefined where the page that was asked for before the login is not remembered. */
  readonly returnTo: ReturnToCookie | undefined;
  /** The configured attributes of a request's cookie. */
  cookieFor(req: IncomingMessage): CookieAttributes;
  /** What a session that begins with a request starts with. */
  newSession(req: IncomingMessage): NewSession;
  /** Whether a request came over TLS. */
  isSecure(req: IncomingMessage): boolean;
  /** Logs a warning the first time. */
  warnOnce(message: string): void;
  /** Puts an error into the log, once, and an outage as one line from time to time. */
  reportError(error: unknown): void;
  /** Puts into the log what became of a response. */
  sayFailure(what: string, error: unknown): void;
  /** Answers a client whose session could not be stored. */
  answerFailure(error: unknown, req: IncomingMessage, res: ServerResponse): void | Promise<void>;
}
