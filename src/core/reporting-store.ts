import type { SessionId, SessionRecord } from './record.js';
import type { SessionStore } from './session-store.js';

/**
 * A record that a store removed by itself, without its content. A whole {@link SessionRecord} fits as well.
 *
 * @publicApi
 */
export type ForgottenRecord = Pick<
  SessionRecord,
  'handle' | 'principal' | 'next' | 'lastSeenAt' | 'idle' | 'absoluteAt'
>;

/**
 * What a store removed by itself.
 *
 * @publicApi
 */
export interface Forgotten {
  readonly id: SessionId;
  readonly record: ForgottenRecord;
  /** `expired`: a sweep removed it, by whomever that was asked for. `full`: there was no room for it. */
  readonly why: 'expired' | 'full';
}

/**
 * Is told of a record that a store removed by itself. It never throws.
 *
 * @publicApi
 */
export type ForgottenListener = (forgotten: Forgotten) => void;

/**
 * A store that can tell which records it removes by itself: the source of `ended` events for sessions that nobody asks for any
 * more. It is a capability beside `SweepingStore`; a store without it keeps every promise, and those events are missing.
 *
 * @publicApi
 */
export interface ReportingStore {
  /**
   * Tells of each record that this very store object removes from now on: once, when it is removed for good, and of none
   * that somebody else removed. Answers what stops it. While nobody listens it should cost nothing.
   */
  onForgotten(listener: ForgottenListener): () => void;
}

/** Whether the store has the capability. */
export function isReporting(store: SessionStore): store is SessionStore & ReportingStore {
  return 'onForgotten' in store && typeof store.onForgotten === 'function';
}

/** Who is told what a store removes by itself. */
export class ForgottenListeners {
  readonly #listeners = new Set<ForgottenListener>();

  /** Whether nobody listens, so that nothing has to be told. */
  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  add(listener: ForgottenListener): () => void {
    // Its own function, so that one who listens twice stops once.
    const told: ForgottenListener = (forgotten) => listener(forgotten);
    this.#listeners.add(told);
    return () => void this.#listeners.delete(told);
  }

  tell(forgotten: Forgotten): void {
    this.#listeners.forEach((listener) => listener(forgotten));
  }
}
