import { systemClock, type Clock } from '../../core/clock.js';
import type { SessionId, SessionRecord, Version } from '../../core/record.js';
import {
  type ForgottenListener,
  ForgottenListeners,
  type ReportingStore,
} from '../../core/reporting-store.js';
import { SessionStore, type Replaced, type SweepingStore } from '../../core/session-store.js';
import { ExpiryHeap, type Expiring } from './expiry-heap.js';
import { assertLimit, assertSweepInterval, type MemorySessionStoreOptions } from './memory-store.options.js';
import { sizeOf } from './record-size.js';

export type { MemorySessionStoreOptions } from './memory-store.options.js';

/** Removals by the timer before other work gets its turn. */
const SWEEP_BATCH = 1_000;

interface Entry extends Expiring {
  readonly id: SessionId;
  record: SessionRecord;
  expiresAt: number;
  bytes: number;
}

/**
 * Keeps sessions in this process: for development, for tests and for an application that is one process and may forget
 * its sessions when it restarts. It is bounded by number and by size and evicts what expires first; expired sessions
 * are removed by a timer in time that follows what has expired, not what is kept.
 *
 * @example
 * SessionModule.forRoot({ secret, store: new MemorySessionStore({ maxSessions: 10_000 }) })
 *
 * @publicApi
 */
export class MemorySessionStore extends SessionStore implements SweepingStore, ReportingStore {
  /** Sessions kept at most. */
  readonly maxSessions: number;
  /** Bytes of heap that the sessions may take, by an estimate per record. */
  readonly maxBytes: number;

  readonly #sweepInterval: number;
  readonly #clock: Clock;
  readonly #entries = new Map<SessionId, Entry>();
  readonly #byExpiry = new ExpiryHeap<Entry>();
  readonly #forgotten = new ForgottenListeners();
  #bytes = 0;
  #sweeper: NodeJS.Timeout | undefined;
  #closed = false;

  /** @throws RangeError when a limit or the interval is not usable. */
  constructor(options: MemorySessionStoreOptions = {}) {
    super();
    const { maxSessions = 100_000, maxBytes = 64 * 1024 * 1024, sweepInterval = 60_000, clock } = options;
    assertLimit('maxSessions', maxSessions);
    assertLimit('maxBytes', maxBytes);
    assertSweepInterval(sweepInterval);
    this.maxSessions = maxSessions;
    this.maxBytes = maxBytes;
    this.#sweepInterval = sweepInterval;
    this.#clock = clock ?? systemClock;
  }

  /** Whether nothing bounds the store. */
  get unlimited(): boolean {
    return this.maxSessions === Number.POSITIVE_INFINITY && this.maxBytes === Number.POSITIVE_INFINITY;
  }

  /** How many sessions are kept, expired ones that are not swept yet included. */
  get size(): number {
    return this.#entries.size;
  }

  /** The estimated bytes of heap that the sessions take. */
  get bytes(): number {
    return this.#bytes;
  }

  async read(id: SessionId): Promise<SessionRecord | undefined> {
    this.#assertOpen();
    return this.#entries.get(id)?.record;
  }

  /** @throws Error when the record alone is larger than `maxBytes`. */
  async create(id: SessionId, record: SessionRecord): Promise<boolean> {
    this.#assertOpen();
    const present = this.#entries.get(id);
    if (present !== undefined) {
      return present.record.version === record.version;
    }
    this.#insert({ id, slot: 0, ...this.#contents(id, record) });
    this.#startSweeping();
    return true;
  }

  /** @throws Error when the record alone is larger than `maxBytes`; the stored one stays as it was. */
  async replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
    this.#assertOpen();
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      return { done: false };
    }
    if (entry.record.version === record.version) {
      return { done: true };
    }
    if (entry.record.version !== expected) {
      return { done: false, current: entry.record };
    }
    const contents = this.#contents(id, record);
    // Taken out first, so that a record that grows evicts others and never itself.
    this.#take(entry);
    this.#insert(Object.assign(entry, contents));
    return { done: true };
  }

  async touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number): Promise<boolean> {
    this.#assertOpen();
    const entry = this.#entries.get(id);
    if (
      entry === undefined ||
      entry.record.version !== expected ||
      !(lastSeenAt >= entry.record.lastSeenAt)
    ) {
      return false;
    }
    entry.record = Object.freeze({ ...entry.record, lastSeenAt, expiresAt });
    entry.expiresAt = expiresAt;
    this.#byExpiry.moved(entry);
    return true;
  }

  async remove(id: SessionId): Promise<SessionRecord | undefined> {
    this.#assertOpen();
    const entry = this.#entries.get(id);
    if (entry !== undefined) {
      this.#take(entry);
    }
    return entry?.record;
  }

  async sweep(now: number, limit: number): Promise<number> {
    this.#assertOpen();
    return this.#removeExpired(now, limit);
  }

  onForgotten(listener: ForgottenListener): () => void {
    return this.#forgotten.add(listener);
  }

  /** Forgets everything; every call after it rejects. */
  override async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    this.#entries.clear();
    this.#byExpiry.clear();
    this.#bytes = 0;
  }

  /** A copy that nobody outside can change, so that it can be handed out as it is. */
  #contents(id: SessionId, record: SessionRecord): Pick<Entry, 'record' | 'bytes' | 'expiresAt'> {
    const bytes = sizeOf(id, record);
    if (bytes > this.maxBytes) {
      throw new Error(
        `MemorySessionStore refused a record of about ${bytes} bytes: all sessions together may take ${this.maxBytes}. ` +
          'Keep less in the session, or raise maxBytes.',
      );
    }
    const kept = Object.freeze({ ...record, lengths: Object.freeze([...record.lengths]) });
    return { record: kept, bytes, expiresAt: record.expiresAt };
  }

  #insert(entry: Entry): void {
    let first = this.#byExpiry.first();
    while (
      first !== undefined &&
      (this.#entries.size >= this.maxSessions || this.#bytes + entry.bytes > this.maxBytes)
    ) {
      this.#forget(first, first.expiresAt <= this.#clock.now() ? 'expired' : 'full');
      first = this.#byExpiry.first();
    }
    this.#entries.set(entry.id, entry);
    this.#byExpiry.add(entry);
    this.#bytes += entry.bytes;
  }

  #take(entry: Entry): void {
    this.#entries.delete(entry.id);
    this.#byExpiry.delete(entry);
    this.#bytes -= entry.bytes;
  }

  #forget(entry: Entry, why: 'expired' | 'full'): void {
    this.#take(entry);
    this.#forgotten.tell({ id: entry.id, record: entry.record, why });
  }

  #removeExpired(now: number, limit: number): number {
    let removed = 0;
    let first = this.#byExpiry.first();
    while (removed < limit && first !== undefined && first.expiresAt <= now) {
      this.#forget(first, 'expired');
      removed++;
      first = this.#byExpiry.first();
    }
    return removed;
  }

  #startSweeping(): void {
    this.#sweeper ??= setInterval(() => this.#sweepInBatches(), this.#sweepInterval).unref();
  }

  #sweepInBatches(): void {
    if (!this.#closed && this.#removeExpired(this.#clock.now(), SWEEP_BATCH) === SWEEP_BATCH) {
      setImmediate(() => this.#sweepInBatches()).unref();
    }
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw new Error(
        'MemorySessionStore was asked after close(). It closes with the application; ask it only before that.',
      );
    }
  }
}
