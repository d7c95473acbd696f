import type { ExpressSessionStore } from '../../core/express-session-store.js';
import { unavailable } from '../../core/errors.js';
import type { SessionId, SessionRecord, Version } from '../../core/record.js';
import { type Replaced, SessionStore } from '../../core/session-store.js';
import type { TokenKeyedStore } from '../../core/token.js';
import type { ExpressStoreOptions } from './express-store.options.js';
import { type FencedId, FencedStore } from './fenced-store.js';
import { inTime, unlessForgotten } from './in-time.js';
import { isObject, RESERVED } from './session-data.js';
import { type OpenedObject, SessionObjects } from './session-objects.js';

/** What a store may lack that a feature needs. */
export type StoreGap = 'principal-index' | 'many-processes';

/** Methods that express-session's stores may have beside the three that they must have. */
export type StoreExtras = Readonly<Record<string, () => Promise<unknown>>>;

/**
 * A store made for express-session, kept to our contract: its records and the cookies behind them stay valid, in both
 * directions. Within one process every operation is atomic for its id. Such a store has no compare-and-swap, so that across processes
 * two can read the same state and the later write wins.
 */
export class ExpressStoreAdapter extends SessionStore implements TokenKeyedStore {
  readonly keyedBy = 'token';
  /** What features cannot count on. */
  readonly lacks: readonly StoreGap[] = ['principal-index', 'many-processes'];
  /** What the log calls it. */
  readonly name: string;
  readonly #store: FencedStore;
  readonly #objects: SessionObjects;
  readonly #limit: number;
  readonly #ownNames: ReadonlySet<string>;
  #isClosed = false;

  constructor(store: ExpressSessionStore, options: ExpressStoreOptions) {
    super();
    this.name = nameOf(store);
    this.#store = FencedStore.of(store);
    this.#ownNames = ownNamesOf(store);
    this.#objects = new SessionObjects(options, { ownNames: this.#ownNames, hasTouch: hasTouch(store) });
    this.#limit = options.operationTimeout;
  }

  async read(id: SessionId): Promise<SessionRecord | undefined> {
    const found = await unlessForgotten(this.#limit, this.#store.get(id));
    const opened = this.#objects.open(id, found);
    // Written once, so that its limits count from now on and not from each look at it.
    const current =
      opened?.isOurs === false ? await this.#inTurn(id, (store) => this.#current(id, store)) : opened;
    return current?.record;
  }

  create(id: SessionId, record: SessionRecord): Promise<boolean> {
    return this.#inTurn(id, async (store) => {
      const current = await this.#current(id, store);
      if (current !== undefined) {
        return current.record.version === record.version;
      }
      await store.set(this.#objects.build(id, record));
      return true;
    });
  }

  replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
    return this.#inTurn(id, async (store) => {
      const current = await this.#current(id, store);
      if (current === undefined) {
        return { done: false };
      }
      if (current.record.version === record.version) {
        return { done: true };
      }
      if (current.record.version !== expected) {
        if (!current.isOurs) {
          await this.#assertKept(id, store);
        }
        return { done: false, current: current.record };
      }
      await store.set(this.#objects.build(id, record, current));
      return { done: true };
    });
  }

  /**
   * Writes the whole session: what the stores call touch moves their own expiry only, one creates a session that is missing, and
   * some have none.
   */
  touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number): Promise<boolean> {
    return this.#inTurn(id, async (store) => {
      const current = await this.#current(id, store);
      if (current?.record.version !== expected || lastSeenAt < current.record.lastSeenAt) {
        return false;
      }
      await store.set(this.#objects.build(id, { ...current.record, lastSeenAt, expiresAt }, current));
      return true;
    });
  }

  remove(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#inTurn(id, async (store) => {
      const opened = this.#objects.open(id, await store.get());
      await store.destroy();
      return opened?.record;
    });
  }

  /** The store itself was opened by the application, and stays open. */
  override close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#store.stop();
    }
    return Promise.resolve();
  }

  /** `all`, `ids`, `length` and `clear` where the store has them, each bounded in time; sessions are shown without our data. */
  get extras(): StoreExtras {
    const { all, ids, length } = Object.fromEntries(
      ['all', 'ids', 'length'].map((name) => [name, this.#store.optional(name)] as const),
    );
    const clear = this.#store.clearing(this.#limit);
    return Object.fromEntries(
      Object.entries({ all: all && (async () => this.#shown(await all())), ids, length, clear }).flatMap(
        ([name, run]) => (run === undefined ? [] : [[name, () => inTime(name, this.#limit, run())] as const]),
      ),
    );
  }

  /** What is stored, ours from now on if it was express-session's. */
  async #current(id: SessionId, store: FencedId): Promise<OpenedObject | undefined> {
    const opened = this.#objects.open(id, await store.get());
    if (opened?.isOurs === false) {
      await store.set(this.#objects.build(id, opened.record, opened));
    }
    return opened;
  }

  /**
   * Whoever tries to replace a session that was not ours tries again. With a store that answers other than what it was given
   * that would not end before its time is up, with a write each time.
   *
   * @throws {SessionError} when what was just stored is not ours either
   */
  async #assertKept(id: SessionId, store: FencedId): Promise<void> {
    if (this.#objects.open(id, await store.get())?.isOurs === false) {
      throw unavailable('replace', `${this.name} does not answer a session as it was given it`);
    }
  }

  #inTurn<T>(id: SessionId, work: (store: FencedId) => Promise<T>): Promise<T> {
    return this.#store.inTurn(id, this.#limit, work);
  }

  /** Sessions as express-session would show them: a list, or an object by id. */
  #shown(sessions: unknown): unknown {
    const show = (session: unknown): unknown =>
      isObject(session)
        ? Object.fromEntries(
            Object.entries(session).filter(([name]) => name !== RESERVED && !this.#ownNames.has(name)),
          )
        : session;
    if (Array.isArray(sessions)) {
      return sessions.map(show);
    }
    return isObject(sessions)
      ? Object.fromEntries(Object.entries(sessions).map(([id, session]) => [id, show(session)]))
      : sessions;
  }
}

function nameOf(store: object): string {
  const { name }: { name?: unknown } = Object(store.constructor);
  return typeof name === 'string' && name !== '' && name !== 'Object' ? name : 'The store';
}

/**
 * Names that stores add to a session by themselves: session-file-store its time of access, connect-mongo with `touchAfter` that of
 * the last write.
 */
function ownNamesOf(store: object): ReadonlySet<string> {
  const { touchAfter }: { touchAfter?: unknown } = Object('options' in store ? store.options : undefined);
  return new Set(['__lastAccess', ...(Number(touchAfter) > 0 ? ['lastModified'] : [])]);
}

function hasTouch(store: object): boolean {
  return 'touch' in store && typeof store.touch === 'function';
}
