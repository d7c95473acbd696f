import type { Handle, SessionId } from './record.js';

/**
 * - `pending`: a login is under way; its record may not exist yet.
 * - `live`: the record exists and its token was given out.
 * - `going`: marked for removal; whoever looks next finishes it.
 */
export type EntryState = 'pending' | 'live' | 'going';

/** One session of a principal, as the index knows it. */
export interface IndexEntry {
  readonly id: SessionId;
  readonly handle: Handle;
  readonly state: EntryState;
  /**
   * When its login was admitted, in milliseconds since the epoch: later than all before it, even where the clock was set back, so
   * that it tells the order. Rotation keeps it.
   */
  readonly admittedAt: number;
  /** When it entered the state `pending`, in milliseconds since the epoch. */
  readonly pendingAt: number;
  /** When the session ends whatever happens, in milliseconds since the epoch. */
  readonly endsAt: number;
  /** While a token is rotated: the id whose place this one takes. The pair counts as one session. */
  readonly beside?: SessionId;
  /** The session that ends when this login has succeeded, by its name. While both are there the pair counts as one. */
  readonly replaces?: Handle;
  /** Why it is going, where its login was over. */
  readonly why?: 'revoked' | 'evicted';
  /** The login that it was evicted for; if that fails it stays. */
  readonly evictedFor?: SessionId;
}

/** How many sessions a principal may have, and what happens to one more. */
export interface AdmissionLimit {
  readonly maxSessions: number;
  readonly onLimit: 'evict-oldest' | 'refuse';
}

/** A list of entries, the earliest admitted first. */
export type Entries = readonly IndexEntry[];

/** What a login asks for. */
export type Newcomer = Pick<IndexEntry, 'id' | 'handle' | 'endsAt' | 'beside' | 'replaces'>;

/** Milliseconds after which a login that was neither confirmed nor dropped counts as crashed. */
export const PENDING_FOR = 60_000;

/** The most sessions that are kept of one principal; above it the oldest go. */
export const MOST_ENTRIES = 1_000;

/**
 * Drops logins that crashed; never the one that is spared. What is live or going may still have a record, whatever the clock
 * here says: who finds that it has none, or removes it, drops the entry.
 */
export function withoutCrashed(entries: Entries, now: number, spared?: SessionId): Entries {
  const kept = entries.filter(
    ({ id, state, pendingAt }) =>
      id === spared || state !== 'pending' || Math.abs(now - pendingAt) <= PENDING_FOR,
  );
  return kept.length === entries.length ? entries : kept;
}

/**
 * Enters a login as pending and marks who must go for it, in one step. Undefined when there is no room for it. Entries that
 * are going do not count; of a pair, that of a rotation or that of a login from within a session, only the new one does.
 */
export function admit(
  entries: Entries,
  newcomer: Newcomer,
  limit: AdmissionLimit | undefined,
  now: number,
): Entries | undefined {
  const admittedAt = Math.max(now, (entries.at(-1)?.admittedAt ?? 0) + 1);
  const pending = { ...newcomer, state: 'pending', admittedAt, pendingAt: now } as const;
  return newcomer.beside === undefined
    ? admitLogin(entries, pending, limit)
    : admitBeside(entries, pending, newcomer.beside);
}

function admitBeside(entries: Entries, pending: IndexEntry, beside: SessionId): Entries | undefined {
  const place = entries.findIndex(({ id }) => id === beside);
  const old = entries[place];
  return old?.state === 'live'
    ? entries.toSpliced(place + 1, 0, { ...pending, admittedAt: old.admittedAt })
    : undefined;
}

function admitLogin(
  entries: Entries,
  pending: IndexEntry,
  { maxSessions, onLimit }: AdmissionLimit = { maxSessions: MOST_ENTRIES, onLimit: 'evict-oldest' },
): Entries | undefined {
  const standing = [...entries, pending].filter(({ state }) => state !== 'going');
  const replaced = new Set(standing.map(({ replaces }) => replaces));
  const counted = standing.filter(
    (entry) => entry !== pending && entry.beside === undefined && !replaced.has(entry.handle),
  );
  if (onLimit === 'refuse' && counted.length >= maxSessions) {
    return undefined;
  }
  const surplus = counted.length + 1 - Math.min(maxSessions, MOST_ENTRIES);
  // By their names, which both entries of a rotation have.
  const evicted = new Set(
    counted.slice(0, Math.max(0, surplus)).flatMap(({ handle, replaces = handle }) => [handle, replaces]),
  );
  return [...markedFor(entries, ({ handle }) => evicted.has(handle), pending.id), pending];
}

/** A pending login becomes live. Undefined when it is gone or going: it was revoked or evicted meanwhile. */
export function confirm(entries: Entries, id: SessionId): Entries | undefined {
  const entry = entries.find((candidate) => candidate.id === id);
  if (entry === undefined || entry.state === 'going') {
    return undefined;
  }
  return entries.map((other) => (other === entry ? { ...other, state: 'live' } : other));
}

/**
 * The next token of a session takes the place of the one before, which had one of the ids that are forwards to it now. Where the
 * entry has another id, a later rotation was faster, and the entry is right. Undefined when the session is ended or being ended.
 */
export function takeOver(
  entries: Entries,
  { id, handle }: Pick<IndexEntry, 'id' | 'handle'>,
  former: readonly SessionId[],
): Entries | undefined {
  const own = entries.filter((entry) => entry.handle === handle);
  const live = own.find(({ state }) => state === 'live');
  if (live === undefined || own.some(({ state }) => state === 'going')) {
    return undefined;
  }
  return entries
    .filter((entry) => entry === live || entry.id !== id)
    .map((entry) => (entry === live && former.includes(entry.id) ? { ...entry, id } : entry));
}

/** Marks entries as going because they are revoked, those that are going for a login that may still fail included. */
export function marked(entries: Entries, which: (entry: IndexEntry) => boolean): Entries {
  return entries.map((entry) => {
    if (!which(entry) || (entry.state === 'going' && entry.evictedFor === undefined)) {
      return entry;
    }
    const { evictedFor: _, ...rest } = entry;
    return { ...rest, state: 'going', ...(entry.state === 'pending' ? {} : { why: 'revoked' }) };
  });
}

/**
 * Marks entries as going because a login takes their place. What was to go for one of them goes for that login too: if it fails,
 * who came first is back.
 */
function markedFor(entries: Entries, which: (entry: IndexEntry) => boolean, login: SessionId): Entries {
  const evicted = new Set(entries.filter(which).map(({ id }) => id));
  return entries.map((entry) => {
    if (entry.evictedFor !== undefined && evicted.has(entry.evictedFor)) {
      return { ...entry, evictedFor: login };
    }
    if (entry.state === 'going' || !which(entry)) {
      return entry;
    }
    return entry.state === 'pending'
      ? { ...entry, state: 'going' }
      : { ...entry, state: 'going', why: 'evicted', evictedFor: login };
  });
}

/** The entries without a login that failed: what was to go for it stays. */
export function withdrawn(entries: Entries, login: SessionId, isRemoved: boolean): Entries {
  return (isRemoved ? without(entries, [login]) : entries).map((entry) => {
    if (entry.evictedFor !== login) {
      return entry;
    }
    const { evictedFor: _, why: __, ...rest } = entry;
    return { ...rest, state: 'live' };
  });
}

/**
 * The entry of a session whose token is to be rotated: `'gone'` when it is marked for removal, undefined when the index does not
 * know the session.
 */
export function standing(entries: Entries, handle: Handle): IndexEntry | 'gone' | undefined {
  const known = entries.filter((entry) => entry.handle === handle);
  return (
    known.find(({ state }) => state === 'live') ??
    (known.some(({ state }) => state === 'going') ? 'gone' : undefined)
  );
}

/** The entries without some. */
export function without(entries: Entries, ids: readonly SessionId[]): Entries {
  const kept = entries.filter(({ id }) => !ids.includes(id));
  return kept.length === entries.length ? entries : kept;
}

/** Writes entries as the text of one JSON object, which a person can read. */
export function textOf(entries: Entries): string {
  return JSON.stringify({ sessions: entries });
}

/** Reads what {@link textOf} wrote; undefined when it is something else. */
export function parseEntries(text: string): Entries | undefined {
  try {
    const { sessions }: { sessions?: unknown } = Object(JSON.parse(text));
    return Array.isArray(sessions) && sessions.every(isEntry) ? sessions : undefined;
  } catch {
    return undefined;
  }
}

const STATES: readonly unknown[] = ['pending', 'live', 'going'] satisfies EntryState[];

function isEntry(value: unknown): value is IndexEntry {
  const {
    id,
    handle,
    state,
    admittedAt,
    pendingAt,
    endsAt,
    beside,
    replaces,
    evictedFor,
  }: Partial<Record<string, unknown>> = Object(value);
  return (
    typeof id === 'string' &&
    typeof handle === 'string' &&
    STATES.includes(state) &&
    [admittedAt, pendingAt, endsAt].every((time) => typeof time === 'number') &&
    [beside, replaces, evictedFor].every((other) => other === undefined || typeof other === 'string')
  );
}
