import type { Entries, IndexEntry } from './index-entries.js';

/**
 * Where an entry stands in its list, as text: who reads on after it goes on there even if it has ended meanwhile. No two logins
 * of a principal are admitted at the same time, so that the time alone tells.
 */
export function cursorOf({ handle, admittedAt }: IndexEntry): string {
  return `${handle}.${admittedAt.toString(36)}`;
}

/**
 * The entries behind a place, which is a cursor, or the handle of one that is there. Behind what is neither there is nothing: who
 * reads on never begins again.
 */
export function entriesAfter(entries: Entries, place: unknown): Entries {
  if (typeof place !== 'string') {
    return [];
  }
  const [handle, time = ''] = place.split('.', 2);
  // Not by its time alone: an entry that is there shows where it stands, however the clock has gone.
  const at = entries.findIndex((entry) => entry.handle === handle);
  if (at >= 0) {
    return entries.slice(at + 1);
  }
  const admittedAt = /^[0-9a-z]{1,11}$/.test(time) ? Number.parseInt(time, 36) : Number.POSITIVE_INFINITY;
  return entries.filter((entry) => entry.admittedAt > admittedAt);
}
