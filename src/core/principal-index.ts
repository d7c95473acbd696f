import type { Handle, Principal, SessionId } from './record.js';

/**
 * - `pending`: a login is under way; its record may not exist yet.
 * - `live`: the record exists and its token was given out.
 * - `going`: marked for removal; whoever looks next finishes it.
 */
export type IndexEntryState = 'pending' | 'live' | 'going';

/** One session of a principal, as the index knows it. */
export interface IndexEntry {
  readonly id: SessionId;
  readonly handle: Handle;
  /** Milliseconds since the epoch; what "oldest" goes by. Rotation keeps it. */
  readonly admittedAt: number;
  readonly state: IndexEntryState;
}

/** How many sessions a principal may have, and what happens to one more. */
export interface AdmissionLimit {
  readonly maxSessions: number;
  readonly onLimit: 'evict-oldest' | 'refuse';
}

/** What {@link PrincipalIndex.admit} answers. */
export type Admission =
  { readonly admitted: true; readonly evicted: readonly IndexEntry[] } | { readonly admitted: false };

/**
 * A capability of a store: who is logged in where. Each method is atomic on one principal's key and none needs two keys
 * to change together. A login enters as pending, creates its record and confirms; revocation marks, then removes.
 *
 * @publicApi
 */
export interface PrincipalIndex {
  /** Enters a login as pending, enforcing the limit and marking who must go, in one step. */
  admit(principal: Principal, entry: IndexEntry, limit?: AdmissionLimit): Promise<Admission>;
  /** Pending becomes live; with `replaces` that entry is dropped in the same step. False when it is gone or going. */
  confirm(principal: Principal, id: SessionId, replaces?: SessionId): Promise<boolean>;
  /** Drops an entry. */
  drop(principal: Principal, id: SessionId): Promise<void>;
  /** Marks the given entries, or all, as going, pending ones included, and answers them. */
  markGoing(principal: Principal, ids?: readonly SessionId[]): Promise<readonly IndexEntry[]>;
  /** The entries in order of admission, after the given one, at most `limit`. */
  entries(principal: Principal, after: SessionId | undefined, limit: number): Promise<readonly IndexEntry[]>;
}
