import { systemClock, type Clock } from '../../core/clock.js';
import type { SessionId, SessionRecord, Version } from '../../core/record.js';
import {
  type ForgottenListener,
  ForgottenListeners,
  type ReportingStore,
} from '../../core/reporting-store.js';
import { SessionStore, type Replaced, type SweepingStore } from '../../core/session-store.js';
import { StoreLifecycle } from '../../core/store-lifecycle.js';
import { SweepTimer } from '../../core/sweep-timer.js';
import type { ExpiryRow } from './expiry-index.js';
import {
  resolveLmdbOptions,
  type LmdbSessionStoreOptions,
  type ResolvedLmdbOptions,
} from './lmdb-store.options.js';
import { decodeRecord, encodeRecord, withTimes } from './record.codec.js';
import { RecordTable, type StoredRecord } from './record-table.js';

/**
 * Keeps sessions in an LMDB database on the local disk: durable, shared by all processes of one machine, with nothing
 * to install or run besides the package `lmdb`. What was acknowledged survives a crash of the process and, as far as the
 * disk keeps what it was told to flush, of the machine.
 *
 * The database is opened by the first call; {@link open} does it earlier, so that a bad path fails at boot.
 *
 * How compare-and-swap works: every entry carries LMDB's own entry version besides the record's. It changes with each
 * write, touches included, and every change is conditional on the one that was read. So a touch leaves the record's
 * version alone and yet can neither undo a replace of another process nor be undone unseen; who comes second looks again
 * at what is there now and decides by the record's version. Someone always gets through.
 *
 * @example
 * SessionModule.forRoot({ secret, store: new LmdbSessionStore({ path: 'data/sessions' }) })
 *
 * @publicApi
 */
export class LmdbSessionStore extends SessionStore implements SweepingStore, ReportingStore {
  readonly #options: ResolvedLmdbOptions;
  readonly #clock: Clock;
  readonly #life = new StoreLifecycle<RecordTable>({
    store: 'LmdbSessionStore',
    open: () => this.#openTable(),
    close: async (table) => {
      this.#sweeper.stop();
      await table?.close();
    },
  });
  readonly #sweeper: SweepTimer;
  readonly #forgotten = new ForgottenListeners();

  /**
   * @throws TypeError when the path is missing.
   * @throws RangeError when a number is not usable.
   */
  constructor(options: LmdbSessionStoreOptions) {
    super();
    this.#options = resolveLmdbOptions(options);
    this.#clock = options.clock ?? systemClock;
    this.#sweeper = new SweepTimer(this.#options.sweepInterval, () => this.#tidy());
  }

  /**
   * Opens the database now instead of with the first call.
   *
   * @throws Error when `lmdb` is not installed or the path cannot be opened.
   */
  override open(): Promise<void> {
    return this.#life.run(async () => undefined);
  }

  read(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#life.run(async (table) => {
      table.refresh();
      return decoded(table, id);
    });
  }

  override readMany(ids: readonly SessionId[]): Promise<(SessionRecord | undefined)[]> {
    return this.#life.run(async (table) => {
      table.refresh();
      return ids.map((id) => decoded(table, id));
    });
  }

  create(id: SessionId, record: SessionRecord): Promise<boolean> {
    return this.#life.run(async (table) => {
      const bytes = encodeRecord(record);
      while (!(await table.insert(id, bytes, record.expiresAt))) {
        table.refresh();
        const found = table.find(id);
        if (found !== undefined) {
          return found.head?.version === record.version;
        }
      }
      return true;
    });
  }

  replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
    return this.#life.run(async (table) => {
      const bytes = encodeRecord(record);
      for (;;) {
        table.refresh();
        const found = table.find(id);
        if (found === undefined) {
          return { done: false };
        }
        if (found.head?.version === record.version) {
          return { done: true };
        }
        if (found.head?.version !== expected) {
          return { done: false, current: decodeRecord(found.bytes) };
        }
        if (await table.swap(found, bytes, record.expiresAt)) {
          return { done: true };
        }
      }
    });
  }

  touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number): Promise<boolean> {
    return this.#life.run(async (table) => {
      for (;;) {
        table.refresh();
        const found = table.find(id);
        if (found?.head?.version !== expected || !(lastSeenAt >= found.head.lastSeenAt)) {
          return false;
        }
        if (await table.swap(found, withTimes(found.bytes, lastSeenAt, expiresAt), expiresAt)) {
          return true;
        }
      }
    });
  }

  remove(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#life.run(async (table) => {
      for (;;) {
        table.refresh();
        const found = table.find(id);
        if (found === undefined) {
          return undefined;
        }
        // First, so that nothing is removed that cannot be answered.
        const record = decodeRecord(found.bytes);
        if (await table.delete(found)) {
          return record;
        }
      }
    });
  }

  sweep(now: number, limit: number): Promise<number> {
    return this.#life.run(async (table) => {
      let removed = 0;
      let last: ExpiryRow | undefined;
      // One pass through what is due, never back, so that it ends whatever it meets.
      while (removed < limit && !this.#life.isClosing) {
        const rows = table.due(now, Math.min(this.#options.sweepBatch, limit - removed), last);
        last = rows.at(-1);
        if (last === undefined) {
          break;
        }
        const went = await Promise.all(rows.map((row) => table.expire(row)));
        const gone = went.filter((found) => found !== undefined);
        removed += gone.length;
        this.#tell(gone);
      }
      return removed;
    });
  }

  onForgotten(listener: ForgottenListener): () => void {
    return this.#forgotten.add(listener);
  }

  /** Finishes what is under way and closes the database; every call after it rejects. */
  override close(): Promise<void> {
    return this.#life.close();
  }

  #tell(gone: readonly StoredRecord[]): void {
    if (this.#forgotten.isEmpty) {
      return;
    }
    for (const { id, bytes } of gone) {
      const record = readable(bytes);
      if (record !== undefined) {
        this.#forgotten.tell({ id, record, why: 'expired' });
      }
    }
  }

  async #openTable(): Promise<RecordTable> {
    const { path, mapSize } = this.#options;
    const table = await RecordTable.open(path, mapSize);
    this.#sweeper.start();
    return table;
  }

  async #tidy(): Promise<void> {
    await this.#life.run(async (table) => table.forgetDeadReaders());
    await this.sweep(this.#clock.now(), Number.POSITIVE_INFINITY);
  }
}

function decoded(table: RecordTable, id: SessionId): SessionRecord | undefined {
  const found = table.find(id);
  return found === undefined ? undefined : decodeRecord(found.bytes);
}

/** The record in the bytes; undefined when a newer version of this package wrote it. */
function readable(bytes: Buffer): SessionRecord | undefined {
  try {
    return decodeRecord(bytes);
  } catch {
    return undefined;
  }
}
