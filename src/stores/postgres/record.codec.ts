import { CORRUPT_RECORD } from '../../core/corrupt-record.js';
import { recordOf } from '../../core/record-of.js';
import {
  type Handle,
  type Principal,
  type SessionId,
  type SessionRecord,
  type Version,
} from '../../core/record.js';
import type { Forgotten } from '../../core/reporting-store.js';

/** The columns of a record, in the order of {@link recordValues}. */
export const RECORD_COLUMNS = [
  'format',
  'version',
  'handle',
  'principal',
  'fields',
  'lengths',
  'created_at',
  'last_seen_at',
  'idle',
  'absolute_at',
  'expires_at',
  'next',
  'meta',
] as const;

/**
 * What an answer has of a record beside its fields, in the order of {@link RECORD_COLUMNS}, as one text of JSON: the driver works on each column of each
 * answer, and a dozen of them cost it more than all the rest of a round trip. The fields stay a column of their own, so
 * that nobody has to escape them.
 */
export const HEAD_COLUMNS = RECORD_COLUMNS.filter((column) => column !== 'fields');

/** The columns of what is told of a record that a sweep removed. */
export const FORGOTTEN_COLUMNS = [
  'handle',
  'principal',
  'last_seen_at',
  'idle',
  'absolute_at',
  'next',
] as const satisfies (typeof RECORD_COLUMNS)[number][];

/** A row as every statement answers it: all of it text, whatever the column is. */
export type Row = Readonly<Partial<Record<string, unknown>>>;

/**
 * The values of {@link RECORD_COLUMNS}.
 *
 * @throws TypeError when a text has a lone surrogate. In JSON text `JSON.stringify` escapes them.
 */
export function recordValues(record: SessionRecord): unknown[] {
  return [
    record.format,
    record.version,
    exact('handle', record.handle),
    record.principal === undefined ? null : exact('principal', record.principal),
    exact('fields', record.fields),
    record.lengths.join(','),
    record.createdAt,
    record.lastSeenAt,
    record.idle,
    record.absoluteAt,
    record.expiresAt,
    record.next ?? null,
    exact('meta', record.meta),
  ];
}

/**
 * The record in an answer's `head` and `fields`. A row that is none, because somebody wrote it by hand, gives one that nobody can
 * use and everybody can handle: core takes it for corrupt and the request for anonymous. An error would be a 503 for as
 * long as the client has the cookie.
 */
export function decodeRow({ head, fields }: Row): SessionRecord {
  const [
    format,
    version,
    handle,
    principal,
    lengths,
    createdAt,
    lastSeenAt,
    idle,
    absoluteAt,
    expiresAt,
    next,
    meta,
  ] = headIn(head);
  if (
    typeof handle !== 'string' ||
    typeof fields !== 'string' ||
    typeof meta !== 'string' ||
    !isWhole(format) ||
    !isWhole(version) ||
    !isWhole(createdAt) ||
    !isWhole(lastSeenAt) ||
    !isWhole(idle) ||
    !isWhole(absoluteAt) ||
    !isWhole(expiresAt)
  ) {
    return CORRUPT_RECORD;
  }
  return recordOf(
    { fields, lengths: lengthsIn(lengths) },
    {
      format,
      version: version as Version,
      createdAt,
      lastSeenAt,
      idle,
      absoluteAt,
      handle: handle as Handle,
      meta,
      principal: typeof principal === 'string' ? (principal as Principal) : undefined,
      next: typeof next === 'string' ? (next as SessionId) : undefined,
    },
    expiresAt,
  );
}

/** What is told of the record in a row; undefined for a row that is none. */
export function decodeForgotten(row: Row): Omit<Forgotten, 'why'> | undefined {
  const { id, handle, principal, next } = row;
  const times = {
    lastSeenAt: numberIn(row['last_seen_at']),
    idle: numberIn(row['idle']),
    absoluteAt: numberIn(row['absolute_at']),
  };
  if (
    typeof id !== 'string' ||
    typeof handle !== 'string' ||
    !Object.values(times).every(Number.isSafeInteger)
  ) {
    return undefined;
  }
  const record = {
    ...times,
    handle: handle as Handle,
    ...(typeof principal === 'string' ? { principal: principal as Principal } : {}),
    ...(typeof next === 'string' ? { next: next as SessionId } : {}),
  };
  return { id: id as SessionId, record };
}

/** PostgreSQL's text is UTF-8, which has no lone surrogates: the driver would turn all of them into U+FFFD. */
function exact(what: string, text: string): string {
  if (!text.isWellFormed()) {
    throw new TypeError(
      `PostgresSessionStore cannot keep a ${what} with a lone surrogate: no UTF-8 text has one. Remove it, or escape it.`,
    );
  }
  return text;
}

/** The values of {@link HEAD_COLUMNS}; none where there is no such text. */
function headIn(head: unknown): readonly unknown[] {
  const values: unknown = typeof head === 'string' ? JSON.parse(head) : [];
  return Array.isArray(values) ? values : [];
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function numberIn(value: unknown): number {
  return typeof value === 'string' ? Number(value) : Number.NaN;
}

/** None when they are no lengths; then the whole text of the fields is parsed once. */
function lengthsIn(value: unknown): readonly number[] {
  try {
    const lengths: unknown = typeof value === 'string' ? JSON.parse(`[${value}]`) : [];
    return Array.isArray(lengths) && lengths.every(isLength) ? lengths : [];
  } catch {
    return [];
  }
}

function isLength(value: unknown): value is number {
  return isWhole(value) && value >= 0;
}
