import { randomInt } from 'node:crypto';
import type { Database, RootDatabase, RootDatabaseOptionsWithPath } from 'lmdb';
import type { SessionId } from '../../core/record.js';
import { committed } from './commit.js';
import { assertDatabaseFile, namesFile } from './database-file.js';
import { ExpiryIndex, type ExpiryRow } from './expiry-index.js';
import { loadLmdb } from './load-lmdb.js';
import { readHead, type RecordHead } from './record.codec.js';

/** A record as it was found, and what proves later that it is still that. */
export interface StoredRecord {
  readonly id: SessionId;
  readonly bytes: Buffer;
  /** None when the bytes are no record. */
  readonly head: RecordHead | undefined;
  /** Drawn for every write, touches included, unlike the record's own version. */
  readonly entryVersion: number;
}

/**
 * The records and the index of their expiry in one LMDB environment. Each change is one conditional block on the entry
 * it was based on: the writer thread checks and applies it under LMDB's lock, so that it holds for all processes and no
 * JavaScript runs while the lock is held. (A `transaction(callback)` would hold it while a stopped process sleeps.)
 */
export class RecordTable {
  constructor(
    private readonly root: RootDatabase,
    private readonly records: Database<Buffer, string>,
    private readonly expiry: ExpiryIndex,
  ) {}

  /** @throws Error when `lmdb` is not installed or the path cannot be opened. */
  static async open(path: string, mapSize: number | undefined): Promise<RecordTable> {
    const { open } = await loadLmdb();
    const options: RootDatabaseOptionsWithPath & { batchStartThreshold: number; permissionsMode: number } = {
      path,
      noSubdir: namesFile(path),
      ...(mapSize === undefined ? {} : { mapSize }),
      // A commit is on the disk before anybody can see it, so whatever was read or answered is durable. With
      // overlapping syncs another process could answer "logged out" on a removal that a power cut then undoes.
      overlappingSync: false,
      // Begin to write when all of a turn's changes are queued; until then the lock would be held for JavaScript.
      batchStartThreshold: Number.MAX_SAFE_INTEGER,
      permissionsMode: 0o600,
    };
    try {
      await assertDatabaseFile(path);
      const root = open(options);
      handleBatches(root);
      const records = root.openDB<Buffer, string>({ name: 'records', encoding: 'binary', useVersions: true });
      const expiry = root.openDB<Buffer, (string | number)[]>({ name: 'expiry', encoding: 'binary' });
      return new RecordTable(root, records, new ExpiryIndex(expiry));
    } catch (cause) {
      throw new Error(
        `LmdbSessionStore could not open its database at ${JSON.stringify(path)}. Check that the path can be made and ` +
          'written by this process, is on a local disk, and is no file of another kind.',
        { cause },
      );
    }
  }

  /** Call before a read: without it another process's acknowledged commit may not be seen. */
  refresh(): void {
    this.records.resetReadTxn();
  }

  find(id: SessionId): StoredRecord | undefined {
    const entry = this.records.getEntry(id);
    if (entry === undefined) {
      return undefined;
    }
    const { buffer, byteOffset, byteLength } = entry.value;
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    return { id, bytes, head: readHead(bytes), entryVersion: entry.version ?? 0 };
  }

  /** False when the id is taken. */
  insert(id: SessionId, bytes: Buffer, expiresAt: number): Promise<boolean> {
    return committed(
      this.records.ifNoExists(id, () => {
        void this.records.put(id, bytes, drawEntryVersion());
        this.expiry.add(expiresAt, id);
      }),
    );
  }

  /** False when the record is not any more what was found. */
  swap(found: StoredRecord, bytes: Buffer, expiresAt: number): Promise<boolean> {
    return committed(
      this.records.ifVersion(found.id, found.entryVersion, () => {
        void this.records.put(found.id, bytes, drawEntryVersion());
        if (found.head?.expiresAt !== expiresAt) {
          this.#removeRowOf(found);
          this.expiry.add(expiresAt, found.id);
        }
      }),
    );
  }

  /** False when the record is not any more what was found. */
  delete(found: StoredRecord): Promise<boolean> {
    return committed(
      this.records.ifVersion(found.id, found.entryVersion, () => {
        void this.records.remove(found.id);
        this.#removeRowOf(found);
      }),
    );
  }

  due(now: number, limit: number, after: ExpiryRow | undefined): ExpiryRow[] {
    return this.expiry.due(now, limit, after);
  }

  /**
   * Removes what the row stands for, unless it was touched, replaced or removed meanwhile, and answers what went.
   * A row that has no record, or another time than its record, was left by a damaged record: the row alone goes.
   */
  async expire([expiresAt, id]: ExpiryRow): Promise<StoredRecord | undefined> {
    const found = this.find(id);
    const removeRow = () => this.expiry.remove(expiresAt, id);
    if (found === undefined) {
      await committed(this.records.ifNoExists(id, removeRow));
      return undefined;
    }
    const isStale = found.head !== undefined && found.head.expiresAt !== expiresAt;
    const held = await committed(
      this.records.ifVersion(id, found.entryVersion, () => {
        if (!isStale) {
          void this.records.remove(id);
        }
        removeRow();
      }),
    );
    return held && !isStale ? found : undefined;
  }

  /** Frees what a killed process left in the table of readers; else the pages it was reading are never used again. */
  forgetDeadReaders(): void {
    this.root.readerCheck();
  }

  close(): Promise<void> {
    return this.root.close();
  }

  #removeRowOf({ id, head }: StoredRecord): void {
    if (head !== undefined) {
      this.expiry.remove(head.expiresAt, id);
    }
  }
}

/**
 * lmdb makes a promise for each batch that nobody is given, and rejects it when the commit fails: a full disk would end
 * the process as an unhandled rejection. It exists only after the listeners have run. The failure itself is reported
 * by the promise of each change.
 */
function handleBatches(root: RootDatabase): void {
  root.on('beforecommit', () => {
    queueMicrotask(() => void root.committed.then(ignore, ignore));
  });
}

function ignore(): void {}

/** Never 0, which is what an entry without a version has. */
function drawEntryVersion(): number {
  return randomInt(1, 2 ** 48 - 1);
}
