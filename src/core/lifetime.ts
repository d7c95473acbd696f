import type { SessionRecord } from './record.js';

/** The limits that a new session gets, in milliseconds. */
export interface Lifetime {
  /** Ends a session after this long without activity. */
  readonly idle: number;
  /** Ends a session this long after it began, whatever happens. */
  readonly absolute: number;
  /** Activity is written at most this often. */
  readonly touchAfter: number;
  /** A session gets another token when it has had one for this long; undefined for never. */
  readonly renewAfter?: number | undefined;
}

/**
 * Milliseconds for which a token still works after the one that took its place was first seen: as long as requests that were
 * sent before that may be under way.
 */
export const GRACE = 30_000;

/** Milliseconds for which it is remembered that a token was replaced, so that it is noticed when somebody brings it. */
export const REMEMBERED = 86_400_000;

/** The times in a record that say when it ends. */
export type Span = Pick<SessionRecord, 'lastSeenAt' | 'idle' | 'absoluteAt'>;

/** When a session ends if nothing more happens: idle or absolute, whichever is earlier. */
export function expiryOf({ lastSeenAt, idle, absoluteAt }: Span): number {
  return Math.min(lastSeenAt + idle, absoluteAt);
}

/**
 * Whether a record's time is up. It is judged by the record's own limits, never by its `expiresAt` or the engine's TTL;
 * an activity in the future (another machine's clock) counts as now.
 */
export function isExpired(record: Span, now: number): boolean {
  return isOver(record.lastSeenAt, record, now);
}

/** Whether a session's time is up for a request that came at `seenAt`: that it is used then counts. */
export function isOverAt(record: Span, seenAt: number, now: number): boolean {
  return isOver(Math.max(record.lastSeenAt, seenAt), record, now);
}

function isOver(lastSeenAt: number, { idle, absoluteAt }: Span, now: number): boolean {
  // Written this way round so that a limit that is no number counts as expired.
  return !(now < Math.min(Math.min(lastSeenAt, now) + idle, absoluteAt));
}

/** Which of its limits ended a session: the one that came first, however late that is noticed. */
export function limitOf({ lastSeenAt, idle, absoluteAt }: Span, now: number): 'idle' | 'absolute' {
  return Math.min(lastSeenAt, now) + idle < absoluteAt ? 'idle' : 'absolute';
}

/**
 * Whether a token's time is up, given when the one that took its place was first seen, and the last activity of the session. A
 * clock that was set back makes no token good again: it is behind one of the two.
 */
export function isPastGrace(seenAt: number, lastSeenAt: number, now: number): boolean {
  return !(Math.abs(now - seenAt) <= GRACE) || lastSeenAt - seenAt > GRACE;
}

/** Whether enough time has passed to write the activity down again. */
export function isTouchDue(record: Span, touchAfter: number, now: number): boolean {
  return now - record.lastSeenAt >= touchAfter;
}
