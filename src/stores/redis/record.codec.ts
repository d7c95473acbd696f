import { CORRUPT_RECORD } from '../../core/corrupt-record.js';
import { recordOf } from '../../core/record-of.js';
import {
  type Handle,
  type Principal,
  type SessionId,
  type SessionRecord,
  type Version,
} from '../../core/record.js';

/*
 * The fields of the hash that a record is:
 *
 *   header  '<layout> <version>[,<earlier version>]… <body>': what changes with the text; the first two are the same in every
 *           layout, because the scripts look at them, and add the earlier versions (scripts.ts). The body is a JSON array; with names in it a session would take 100 bytes more.
 *   fields  the application's fields, as they are: JSON that a person can read
 *   times   '<lastSeenAt> <expiresAt>': all that a touch writes
 */

/** How the body is written. */
export const LAYOUT = 1;

/** The fields of the hash, in the order in which they are asked for. */
export const RECORD_FIELDS = ['header', 'fields', 'times'] as const;

const HEADER = /^(\d+) (\d+)(?:,\d+)* ([^]*)$/;
const TIMES = /^(\S+) (\S+)$/;

/** A record as the texts of its hash. */
export interface RecordTexts {
  readonly header: string;
  readonly fields: string;
  readonly times: string;
}

/** What the header holds beside the version. */
type Body = readonly [
  format: number,
  handle: Handle,
  createdAt: number,
  idle: number,
  absoluteAt: number,
  meta: string,
  lengths: readonly number[],
  principal: Principal | null,
  next: SessionId | null,
  /** 1 when the fields are written as a JSON string, because UTF-8 cannot hold them as they are. */
  quoted: 0 | 1,
];

export function encodeRecord(record: SessionRecord): RecordTexts {
  const { format, version, handle, createdAt, idle, absoluteAt, meta, lengths, principal, next } = record;
  const quoted = record.fields.isWellFormed() ? 0 : 1;
  const body: Body = [
    format,
    handle,
    createdAt,
    idle,
    absoluteAt,
    meta,
    lengths,
    principal ?? null,
    next ?? null,
    quoted,
  ];
  return {
    header: `${LAYOUT} ${version} ${JSON.stringify(body)}`,
    fields: quoted ? JSON.stringify(record.fields) : record.fields,
    times: encodeTimes(record.lastSeenAt, record.expiresAt),
  };
}

export function encodeTimes(lastSeenAt: number, expiresAt: number): string {
  return `${lastSeenAt} ${expiresAt}`;
}

/**
 * The record in the fields of a hash, each of which may be missing; {@link CORRUPT_RECORD} when they are none.
 *
 * @throws Error when a newer version of this package wrote the record; that is trouble, and logs nobody out.
 */
export function decodeRecord(
  header: string | undefined,
  fields: string | undefined,
  times: string | undefined,
): SessionRecord {
  const head = HEADER.exec(header ?? '');
  const layout = Number(head?.[1]);
  if (layout > LAYOUT) {
    throw new Error(
      `RedisSessionStore found a record of layout ${layout} and knows those up to ${LAYOUT}: a newer version of ` +
        'nest-sessions wrote it. Finish the upgrade on all processes that share the Redis.',
    );
  }
  const time = TIMES.exec(times ?? '');
  const [lastSeenAt, expiresAt] = [Number(time?.[1]), Number(time?.[2])];
  const body = parsed(head?.[3] ?? '');
  if (layout !== LAYOUT || !isBody(body) || !isNumber(lastSeenAt) || !isNumber(expiresAt)) {
    return CORRUPT_RECORD;
  }
  const [format, handle, createdAt, idle, absoluteAt, meta, lengths, principal, next, quoted] = body;
  const whole = quoted === 1 ? parsed(fields ?? '') : fields;
  if (!isText(whole)) {
    return CORRUPT_RECORD;
  }
  return recordOf(
    { fields: whole, lengths },
    {
      format,
      version: Number(head?.[2]) as Version,
      createdAt,
      lastSeenAt,
      idle,
      absoluteAt,
      handle,
      meta,
      principal: principal ?? undefined,
      next: next ?? undefined,
    },
    expiresAt,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isBody(value: unknown): value is Body {
  if (!Array.isArray(value)) {
    return false;
  }
  const [format, handle, createdAt, idle, absoluteAt, meta, lengths, principal, next, quoted]: unknown[] =
    value;
  return (
    isNumber(format) &&
    isNumber(createdAt) &&
    isNumber(idle) &&
    isNumber(absoluteAt) &&
    isText(handle) &&
    isText(meta) &&
    (principal === null || isText(principal)) &&
    (next === null || isText(next)) &&
    Array.isArray(lengths) &&
    lengths.every(isNumber) &&
    (quoted === 0 || quoted === 1)
  );
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
