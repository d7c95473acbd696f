import session from 'express-session';
import { type ExpressSessionStore, isExpressSessionStore } from '../core/express-session-store.js';
import { SealedSessions } from '../core/sealed-sessions.js';
import { SessionStore } from '../core/session-store.js';
import { shown } from './check.js';
import { needsStore, NoStore } from './no-store.js';
import { SessionOptionsError } from './session-options.error.js';

/**
 * Checks that a store is one, ours or express-session's; it may come from the options or from an injector's override.
 *
 * @throws {SessionOptionsError} for anything else, and in production for one that anybody can fill
 */
export function checkStore(store: unknown, isProduction: boolean): SessionStore | ExpressSessionStore {
  if (store instanceof SealedSessions) {
    return new NoStore(store);
  }
  if (!(store instanceof SessionStore) && !isExpressSessionStore(store)) {
    throw new SessionOptionsError({
      option: 'store',
      problem: `${shown(store)} is no session store`,
      fix: 'Give an instance of a class that extends SessionStore, or a store made for express-session.',
    });
  }
  if (isProduction && isUnlimited(store)) {
    throw new SessionOptionsError({
      option: 'store',
      problem: 'a memory store without limits lets anybody fill the memory of a production server',
      fix:
        store instanceof SessionStore
          ? 'Leave maxSessions and maxBytes finite, or use a store that keeps sessions on disk.'
          : 'Leave the option out for a bounded one, give memorystore a max, or use a store that keeps sessions on disk.',
    });
  }
  return store;
}

/** What a feature may need that not every store can do. */
export type StoreNeed = 'principal-index' | 'many-processes';

const NEEDED: Record<StoreNeed, string> = {
  'principal-index': 'to list sessions by user',
  'many-processes': 'to keep its promises across processes',
};

/**
 * For features that a store may be too weak for: says so at boot.
 *
 * @throws {SessionOptionsError} naming the option that asks for the feature
 */
export function assertStoreCan(need: StoreNeed, store: SessionStore, option: string): void {
  if (store instanceof NoStore) {
    throw needsStore('it', option);
  }
  if ('lacks' in store && Array.isArray(store.lacks) && store.lacks.includes(need)) {
    throw new SessionOptionsError({
      option,
      problem: `it needs a store that is able ${NEEDED[need]}, and one made for express-session is not`,
      fix: "Use a store of this package, such as RedisSessionStore from 'nest-sessions/redis'.",
    });
  }
}

/** Whether a store keeps whatever anybody brings, in memory: ours says so, express-session's own and memorystore do by default. */
function isUnlimited(store: object): boolean {
  const { unlimited, options, sessions }: { unlimited?: unknown; options?: unknown; sessions?: unknown } =
    Object(store);
  const { max }: { max?: unknown } = Object(options);
  const { name }: { name?: unknown } = Object(Reflect.get(store, 'constructor'));
  const isNamedSo = name === 'MemoryStore';
  return (
    unlimited === true ||
    store instanceof session.MemoryStore ||
    // Another copy of express-session has another class.
    (isNamedSo && (max === Number.POSITIVE_INFINITY || (options === undefined && sessions !== undefined)))
  );
}
