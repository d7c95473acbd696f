/**
 * A store made for express-session, as far as it is used here: what connect-redis, connect-mongo, connect-pg-simple and
 * the like are. Any of them can be given as `store`.
 *
 * @publicApi
 */
export interface ExpressSessionStore {
  /** Answers the session of an id, or nothing. */
  get(sid: string, callback: (error: unknown, session?: object | null) => void): unknown;
  /** Stores a session, whether it was there or not. */
  set(sid: string, session: object, callback?: (error?: unknown) => void): unknown;
  /** Removes a session. */
  destroy(sid: string, callback?: (error?: unknown) => void): unknown;
}

/** Whether a value has what express-session asks of a store. */
export function isExpressSessionStore(store: unknown): store is ExpressSessionStore {
  return (
    typeof store === 'object' &&
    store !== null &&
    ['get', 'set', 'destroy'].every((name) => typeof Reflect.get(store, name) === 'function')
  );
}
