import { SessionStore } from '../core/session-store.js';
import { shown } from './check.js';
import { SessionOptionsError } from './session-options.error.js';

/**
 * Checks that a store keeps our contract; it may come from the options or from an injector's override.
 *
 * @throws {SessionOptionsError} for anything else, an express-session store included
 */
export function checkStore(store: unknown, isProduction: boolean): SessionStore {
  if (!(store instanceof SessionStore)) {
    throw new SessionOptionsError({
      option: 'store',
      ...(isExpressStore(store)
        ? {
            problem: 'a store made for express-session cannot be used yet',
            fix: "Use MemorySessionStore, LmdbSessionStore from 'nest-sessions/lmdb', or a class that extends SessionStore.",
          }
        : {
            problem: `${shown(store)} is no session store`,
            fix: 'Give an instance of a class that extends SessionStore.',
          }),
    });
  }
  if (isProduction && 'unlimited' in store && store.unlimited === true) {
    throw new SessionOptionsError({
      option: 'store',
      problem: 'a memory store without limits lets anybody fill the memory of a production server',
      fix: 'Leave maxSessions and maxBytes finite, or use a store that keeps sessions on disk.',
    });
  }
  return store;
}

function isExpressStore(store: unknown): boolean {
  return (
    typeof store === 'object' &&
    store !== null &&
    ['get', 'set', 'destroy'].every((name) => name in store && typeof Reflect.get(store, name) === 'function')
  );
}
