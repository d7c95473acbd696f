import { setImmediate as nextTurn } from 'node:timers/promises';
import { askedAfterClose } from '../../core/asked-after-close.js';
import { systemClock, type Clock } from '../../core/clock.js';
import type { SessionId, SessionRecord, Version } from '../../core/record.js';
import {
  type ForgottenListener,
  ForgottenListeners,
  type ReportingStore,
} from '../../core/reporting-store.js';
import { SessionStore, type Replaced, type SweepingStore } from '../../core/session-store.js';
import { SweepTimer } from '../../core/sweep-timer.js';
import { ExpiryHeap, type Placed } from './expiry-heap.js';
import { assertLimit, assertSweepInterval, type MemorySessionStoreOptions } from './memory-store.options.js';
import { type PackedRecord, packTexts, unpack } from './packed-record.js';
import { sizeOf } from './record-size.js';

export type { MemorySessionStoreOptions } from './memory-store.options.js';

/** Removals by the timer before other work gets its turn. */
const SWEEP_BATCH = 1_000;

/** A session as it is kept. When it expires, the heap knows. */
class Entry implements PackedRecord, Placed {
  slot = 0;
  readonly text: string;
  readonly bytes: number;
  readonly version: Version;
  readonly createdAt: number;
  lastSeenAt: number;
  readonly idle: number;
  readonly absoluteAt: number;

  constructor(
    readonly id: SessionId,
    record: SessionRecord,
  ) {
    this.text = packTexts(record);
    this.bytes = sizeOf(id, this.text);
    this.version = record.version;
    this.createdAt = record.createdAt;
    this.lastSeenAt = record.lastSeenAt;
    this.idle = record.idle;
    this.absoluteAt = record.absoluteAt;
  }
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

  readonly #clock: Clock;
  readonly #entries = new Map<SessionId, Entry>();
  readonly #byExpiry = new ExpiryHeap<Entry>();
  readonly #forgotten = new ForgottenListeners();
  readonly #sweeper: SweepTimer;
  #bytes = 0;
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
    this.#clock = clock ?? systemClock;
    this.#sweeper = new SweepTimer(sweepInterval, () => this.#sweepInBatches());
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
    const entry = this.#entries.get(id);
    return entry === undefined ? undefined : this.#recordOf(entry);
  }

  /** @throws Error when the record alone is larger than `maxBytes`. */
  async create(id: SessionId, record: SessionRecord): Promise<boolean> {
    this.#assertOpen();
    const present = this.#entries.get(id);
    if (present !== undefined) {
      return present.version === record.version;
    }
    this.#insert(this.#entryOf(id, record), record.expiresAt);
    this.#sweeper.start();
    return true;
  }

  /** @throws Error when the record alone is larger than `maxBytes`; the stored one stays as it was. */
  async replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
    this.#assertOpen();
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      return { done: false };
    }
    if (entry.version === record.version) {
      return { done: true };
    }
    if (entry.version !== expected) {
      return { done: false, current: this.#recordOf(entry) };
    }
    const next = this.#entryOf(entry.id, record);
    if (this.#bytes - entry.bytes + next.bytes <= this.maxBytes) {
      this.#exchange(entry, next, record.expiresAt);
    } else {
      // Taken out first, so that a record that grows evicts others and never itself.
      this.#take(entry);
      this.#insert(next, record.expiresAt);
    }
    return { done: true };
  }

  async touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number): Promise<boolean> {
    this.#assertOpen();
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.version !== expected || !(lastSeenAt >= entry.lastSeenAt)) {
      return false;
    }
    entry.lastSeenAt = lastSeenAt;
    this.#byExpiry.move(entry, expiresAt);
    return true;
  }

  async remove(id: SessionId): Promise<SessionRecord | undefined> {
    this.#assertOpen();
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      return undefined;
    }
    const record = this.#recordOf(entry);
    this.#take(entry);
    return record;
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
    this.#sweeper.stop();
    this.#entries.clear();
    this.#byExpiry.clear();
    this.#bytes = 0;
  }

  #recordOf(entry: Entry): SessionRecord {
    return unpack(entry, this.#byExpiry.timeOf(entry));
  }

  #entryOf(id: SessionId, record: SessionRecord): Entry {
    const entry = new Entry(id, record);
    if (entry.bytes > this.maxBytes) {
      throw new Error(
        `MemorySessionStore refused a record of about ${entry.bytes} bytes: all sessions together may take ${this.maxBytes}. ` +
          'Keep less in the session, or raise maxBytes.',
      );
    }
    return entry;
  }

  #insert(entry: Entry, expiresAt: number): void {
    let first = this.#byExpiry.first();
    while (
      first !== undefined &&
      (this.#entries.size >= this.maxSessions || this.#bytes + entry.bytes > this.maxBytes)
    ) {
      this.#forget(first, this.#byExpiry.timeOf(first) <= this.#clock.now() ? 'expired' : 'full');
      first = this.#byExpiry.first();
    }
    this.#entries.set(entry.id, entry);
    this.#byExpiry.add(entry, expiresAt);
    this.#bytes += entry.bytes;
  }

  #exchange(entry: Entry, next: Entry, expiresAt: number): void {
    this.#entries.set(next.id, next);
    this.#byExpiry.exchange(entry, next, expiresAt);
    this.#bytes += next.bytes - entry.bytes;
  }

  #take(entry: Entry): void {
    this.#entries.delete(entry.id);
    this.#byExpiry.delete(entry);
    this.#bytes -= entry.bytes;
  }

  #forget(entry: Entry, why: 'expired' | 'full'): void {
    const record = this.#forgotten.isEmpty ? undefined : this.#recordOf(entry);
    this.#take(entry);
    if (record !== undefined) {
      this.#forgotten.tell({ id: entry.id, record, why });
    }
  }

  #removeExpired(now: number, limit: number): number {
    let removed = 0;
    let first = this.#byExpiry.first();
    while (removed < limit && first !== undefined && this.#byExpiry.timeOf(first) <= now) {
      this.#forget(first, 'expired');
      removed++;
      first = this.#byExpiry.first();
    }
    return removed;
  }

  async #sweepInBatches(): Promise<void> {
    while (!this.#closed && this.#removeExpired(this.#clock.now(), SWEEP_BATCH) === SWEEP_BATCH) {
      await nextTurn(undefined, { ref: false });
    }
  }

  #assertOpen(): void {
    if (this.#closed) {
      throw askedAfterClose('MemorySessionStore');
    }
  }
}
