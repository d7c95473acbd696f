import type { SessionStore } from '../../core/session-store.js';

/**
 * The store under test, on data of its own. Each test asks for a new one and closes it.
 *
 * @publicApi
 */
export interface ContractSubject {
  readonly store: SessionStore;

  /**
   * Opens another handle on the same data, as another process of the application would: its own connection, nothing
   * shared with `store` but what the engine shares.
   */
  reopen?(): Promise<SessionStore>;

  /** Closes the store, every handle opened since and whatever the test needed. The store may be closed already. */
  close(): Promise<void>;
}

/**
 * What the contract's tests are told to.
 *
 * @publicApi
 */
export interface ContractRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/**
 * What the store under test claims. A claim is tested, and so is its absence where that can be seen.
 *
 * @publicApi
 */
export interface StoreContractOptions {
  /** @default `describe` and `it` of the test runner that has them as globals */
  readonly runner?: ContractRunner;

  /**
   * Whether several handles can share the data; then the subject has `reopen`, and every race is run across two of
   * them.
   *
   * @default true
   */
  readonly shared?: boolean;

  /**
   * Whether the store has the sweep capability (`SweepingStore`), as one must whose engine expires nothing by itself.
   *
   * @default false
   */
  readonly sweeps?: boolean;

  /**
   * Whether the store tells what it removes by itself (`ReportingStore`). It needs `sweeps`.
   *
   * @default false
   */
  readonly reports?: boolean;

  /**
   * Whether every call after `close()` rejects, as it must where the store itself opened what it uses. Otherwise the
   * call only has to end.
   *
   * @default false
   */
  readonly rejectsAfterClose?: boolean;

  /**
   * Whether the text of the fields comes back letter for letter. A store that keeps them as values may spell them anew, as
   * `JSON.stringify` does, with the lengths that go with it.
   *
   * @default true
   */
  readonly keepsText?: boolean;

  /**
   * How often each race is run.
   *
   * @default 200
   */
  readonly rounds?: number;
}

/** What the parts of the contract share. */
export interface ContractContext {
  readonly runner: ContractRunner;
  readonly shared: boolean;
  readonly sweeps: boolean;
  readonly reports: boolean;
  readonly rejectsAfterClose: boolean;
  readonly keepsText: boolean;
  readonly rounds: number;
  /** Another handle on the subject's data, or the same one where the data is one store's own. */
  second(subject: ContractSubject): Promise<SessionStore>;
  /** Declares one clause: a test on a subject of its own, which is closed whatever happens. */
  clause(name: string, body: (subject: ContractSubject) => Promise<void>): void;
}
