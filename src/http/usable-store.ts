import { systemClock } from '../core/clock.js';
import type { CookieAttributes } from '../core/meta.js';
import { SealedSessions } from '../core/sealed-sessions.js';
import { SessionStore } from '../core/session-store.js';
import { systemRandom } from '../core/token.js';
import { assertStoreCan, checkStore } from '../options/check-store.js';
import { NoStore } from '../options/no-store.js';
import type { ResolvedSessionOptions } from '../options/resolved-options.js';
import type { SessionLogger } from '../options/session-logger.js';
import { ExpressStoreAdapter } from '../stores/express/express.store.js';

/**
 * The store of an application as one that keeps our contract. One that was made for express-session is wrapped, and the log says
 * what it cannot do.
 *
 * @throws {SessionOptionsError} for what is no store, for one that is not safe in production, and for one that cannot do what
 * the options ask for
 */
export function usableStore(
  given: unknown,
  options: ResolvedSessionOptions,
  logger: SessionLogger,
): SessionStore {
  const store = asContract(given, options, logger);
  if (options.registry !== undefined) {
    assertStoreCan('principal-index', store, 'registry');
  }
  if (options.lifetime.renewAfter !== undefined) {
    assertStoreCan('many-processes', store, 'renewAfter');
  }
  return store;
}

function asContract(given: unknown, options: ResolvedSessionOptions, logger: SessionLogger): SessionStore {
  if (given instanceof SealedSessions) {
    return new NoStore(given);
  }
  const store = checkStore(given, options.isProduction);
  if (store instanceof SessionStore) {
    return store;
  }
  const { clock = systemClock, lifetime, operationTimeout } = options;
  const adapter = new ExpressStoreAdapter(store, {
    clock,
    random: systemRandom,
    lifetime,
    operationTimeout,
    cookie: fixedCookie(options),
  });
  logger.warn(
    `${adapter.name} is a store made for express-session. It has no compare-and-swap: within this process a logout wins and parallel ` +
      'changes are kept; across processes a request that is running can undo either. It sees the tokens themselves, and ' +
      'sessions cannot be listed by user.',
  );
  return adapter;
}

/** The attributes that every cookie has; undefined where the options have a function for them. */
function fixedCookie({ fixedCookie: cookie }: ResolvedSessionOptions): CookieAttributes | undefined {
  if (cookie === undefined) {
    return undefined;
  }
  const { maxAge, expiresAt: _, secure, sameSite, ...others } = cookie;
  return {
    ...others,
    originalMaxAge: maxAge,
    ...(secure === 'auto' ? {} : { secure }),
    ...(sameSite === 'auto' ? {} : { sameSite }),
  };
}
