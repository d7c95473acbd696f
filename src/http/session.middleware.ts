import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SessionMiddlewareOptions } from '../options/session.options.js';
import { checkMiddleware } from '../options/check-middleware.js';
import { resolveOptions } from '../options/resolve-options.js';
import type { SessionLogger } from '../options/session-logger.js';
import { MemorySessionStore } from '../stores/memory/memory.store.js';
import { type Next, SessionHttp } from './session-http.js';
import { usableStore } from './usable-store.js';

/**
 * Middleware that gives each request its session.
 *
 * @publicApi
 */
export interface SessionMiddleware {
  (req: IncomingMessage, res: ServerResponse, next: Next): void;
  /**
   * Makes the store ready, and with `requireStoreAtBoot` waits until it answers. Without this call the first requests do
   * it.
   *
   * @throws {StoreSetupError} for a store that is set up wrongly
   */
  open(): Promise<void>;
  /** Waits for what is under way and closes the store. */
  close(): Promise<void>;
}

/**
 * Sessions without Nest around them: for plain Express, a `node:http` server, or socket.io's `io.engine.use`. Everything
 * express-session's middleware is documented to do, and the promises of this package.
 *
 * @throws {SessionOptionsError} for options that are insecure or mean nothing
 *
 * @example
 * const session = createSessionMiddleware({ secret: process.env.SESSION_SECRET });
 * app.use(session);
 *
 * @publicApi
 */
export function createSessionMiddleware(options: SessionMiddlewareOptions): SessionMiddleware {
  const resolved = resolveOptions(options);
  checkMiddleware(options);
  const logger = resolved.logger ?? CONSOLE;
  const http = new SessionHttp({
    options: resolved,
    store: usableStore(resolved.store ?? new MemorySessionStore(), resolved, logger),
    logger,
  });
  return Object.assign(
    (req: IncomingMessage, res: ServerResponse, next: Next) => {
      http.handle(req, res, next);
    },
    { open: () => http.open(), close: () => http.close() },
  );
}

const CONSOLE: SessionLogger = {
  warn(message) {
    console.warn(`[nest-sessions] ${message}`);
  },
  error(message, error) {
    console.error(`[nest-sessions] ${message}`, error);
  },
};
