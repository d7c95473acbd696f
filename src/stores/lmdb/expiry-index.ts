import type { Database } from 'lmdb';
import type { SessionId } from '../../core/record.js';

/** One row of the index: when a session expires, and which. */
export type ExpiryRow = readonly [expiresAt: number, id: SessionId];

/** The row says all in its key. */
const NOTHING = Buffer.alloc(1);

/**
 * Which sessions expire when: one row a session, in order of time, changed in the same commit as the session's record.
 * A sweep reads the beginning of it and no more than it removes.
 */
export class ExpiryIndex {
  constructor(private readonly rows: Database<Buffer, (string | number)[]>) {}

  /** Call inside a conditional block. */
  add(expiresAt: number, id: SessionId): void {
    void this.rows.put([expiresAt, id], NOTHING);
  }

  /** Call inside a conditional block. */
  remove(expiresAt: number, id: SessionId): void {
    void this.rows.remove([expiresAt, id]);
  }

  /** The next rows after the given one that are due at `now`, the earliest first, at most `limit`. */
  due(now: number, limit: number, after: ExpiryRow | undefined): ExpiryRow[] {
    this.rows.resetReadTxn();
    const due: ExpiryRow[] = [];
    const range = { limit, ...(after === undefined ? {} : { start: [...after], exclusiveStart: true }) };
    for (const [expiresAt, id] of this.rows.getKeys(range)) {
      if (typeof expiresAt !== 'number' || typeof id !== 'string' || expiresAt > now) {
        break;
      }
      due.push([expiresAt, id as SessionId]);
    }
    return due;
  }
}
