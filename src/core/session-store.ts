import type { SessionId, SessionRecord, Version } from './record.js';

/** What {@link SessionStore.replace} answers. Without `current` the record is gone. */
export type Replaced = { readonly done: true } | { readonly done: false; readonly current?: SessionRecord };

/**
 * Where session records are kept: the contract of every store, and the injection token for the one in use.
 *
 * - **Absence is a value, an error is trouble.** No method throws because a record is missing; one that rejects says
 *   that the store cannot do its work, and the client gets a 503.
 * - **Each method is atomic for its id**, in all processes that share the store.
 * - **A promise that resolved is durable**, as far as the engine's own settings go.
 * - **Only `create` brings a record into being.** `replace` and `touch` change what is there or do nothing; so a record
 *   that was removed stays removed, whoever was still working on it.
 * - **Expired records may be returned.** Who asks judges them; an engine's own expiry only collects rubbish.
 * - A `create` or `replace` that finds the very version it wants to write already stored answers success: some drivers
 *   send a command again when its answer was lost.
 *
 * Merging, expiry, hashing and serialising are all done above this contract. A store of your own extends this class and
 * passes `storeContract()` from `nest-sessions/testing`.
 *
 * @example
 * class MyStore extends SessionStore { … }
 * SessionModule.forRoot({ secret, store: new MyStore() })
 *
 * @publicApi
 */
export abstract class SessionStore {
  /** The record, or undefined when there is none. */
  abstract read(id: SessionId): Promise<SessionRecord | undefined>;

  /** Inserts; never overwrites. False when the id is taken by another version. */
  abstract create(id: SessionId, record: SessionRecord): Promise<boolean>;

  /**
   * Compare-and-swap: stores `record` if the stored version is `expected`. Never inserts.
   * Otherwise answers the record that is there, or none when it is gone.
   */
  abstract replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced>;

  /**
   * Moves `lastSeenAt` and `expiresAt`, and nothing else, while the stored version is `expected`. Never re-creates and
   * never moves `lastSeenAt` back. True when it was applied.
   */
  abstract touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number): Promise<boolean>;

  /** Removes, and answers what was removed if there was something. */
  abstract remove(id: SessionId): Promise<SessionRecord | undefined>;

  /** Several records by one call, in the order of the ids. Engines that can do it in one round trip override it. */
  readMany(ids: readonly SessionId[]): Promise<(SessionRecord | undefined)[]> {
    return Promise.all(ids.map((id) => this.read(id)));
  }

  /**
   * Gets ready: connects, makes what has to be there, looks at how the server is set up. Called once, at boot; a store that
   * could not be opened there is tried again with the first operation.
   *
   * @throws {StoreSetupError} for a set-up that will not get better by itself; the application does not start then
   */
  open(): Promise<void> {
    return Promise.resolve();
  }

  /** Releases what the store opened itself; what it was given stays open. Called once, at shutdown. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A store whose engine does not expire records by itself. */
export interface SweepingStore {
  /**
   * Removes records that had expired at `now`, at most `limit` of them, in time that follows what it removes. A record
   * that was touched meanwhile stays. Answers how many it removed.
   */
  sweep(now: number, limit: number): Promise<number>;
}

/** Whether the store has the sweep capability. */
export function isSweeping(store: SessionStore): store is SessionStore & SweepingStore {
  return 'sweep' in store && typeof store.sweep === 'function';
}
