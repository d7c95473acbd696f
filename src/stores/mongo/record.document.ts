import { CORRUPT_RECORD } from '../../core/corrupt-record.js';
import { types } from 'node:util';
import { recordOf } from '../../core/record-of.js';
import {
  RECORD_FORMAT,
  type Handle,
  type Principal,
  type SessionId,
  type SessionRecord,
  type Version,
} from '../../core/record.js';

/** A text; one that BSON cannot hold, because a surrogate stands alone in it, is kept as JSON, which escapes it. */
type KeptText = string | { readonly json: string };

/** A record as it is in the collection, where people and queries can read it. */
export interface SessionDocument {
  readonly _id: SessionId;
  readonly format: number;
  readonly version: number;
  /** Text of one JSON object. As a document of its own MongoDB would order and read its keys in its own way. */
  readonly fields: KeptText;
  readonly lengths: readonly number[];
  readonly principal?: KeptText;
  readonly handle: KeptText;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly absoluteAt: Date;
  readonly idle: number;
  readonly next?: SessionId;
  readonly meta: KeptText;
  /** When MongoDB may delete it: by the server's clock, and later than `expiresAt`. */
  readonly purgeAt: Date;
}

export function encodeRecord(id: SessionId, record: SessionRecord, purgeAt: Date): SessionDocument {
  return {
    _id: id,
    format: record.format,
    version: record.version,
    fields: keep(record.fields),
    lengths: record.lengths,
    ...(record.principal === undefined ? {} : { principal: keep(record.principal) }),
    handle: keep(record.handle),
    createdAt: new Date(record.createdAt),
    lastSeenAt: new Date(record.lastSeenAt),
    expiresAt: new Date(record.expiresAt),
    absoluteAt: new Date(record.absoluteAt),
    idle: record.idle,
    ...(record.next === undefined ? {} : { next: record.next }),
    meta: keep(record.meta),
    purgeAt,
  };
}

/**
 * The record in a document. One that is no record, because it was damaged or another program wrote it, gives one that
 * nobody can use and everybody can handle: its fields are no JSON object, so that core takes it for corrupt and the
 * request for anonymous; its times are over, so that it is removed; its version is none that core draws, so that no
 * compare-and-swap succeeds on it. An error would be a 503 for as long as the client has the cookie.
 *
 * @throws Error when a newer version of this package wrote the document; that is trouble, and logs nobody out.
 */
export function decodeRecord(document: unknown): SessionRecord {
  if (!isObject(document)) {
    return CORRUPT_RECORD;
  }
  const record = decodeKnown(document);
  if (record === undefined && typeof document.format === 'number' && document.format > RECORD_FORMAT) {
    throw new Error(
      `MongoSessionStore found a document of format ${document.format} and knows those up to ${RECORD_FORMAT}: a newer ` +
        'version of nest-sessions wrote it. Finish the upgrade on all processes that share the collection.',
    );
  }
  return record ?? CORRUPT_RECORD;
}

/** The session id that a document is kept under. */
export function idOf(document: unknown): unknown {
  return isObject(document) ? document._id : undefined;
}

/** The version that is stored, whatever else the document holds. */
export function versionOf(document: unknown): unknown {
  return isObject(document) ? document.version : undefined;
}

function decodeKnown(document: Record<string, unknown>): SessionRecord | undefined {
  const { format, version, idle, lengths, next } = document;
  const [fields, handle, meta, principal] = [
    textOf(document.fields),
    textOf(document.handle),
    textOf(document.meta),
    textOf(document.principal),
  ];
  const [createdAt, lastSeenAt, absoluteAt, expiresAt] = [
    timeOf(document.createdAt),
    timeOf(document.lastSeenAt),
    timeOf(document.absoluteAt),
    timeOf(document.expiresAt),
  ];
  if (
    typeof format !== 'number' ||
    typeof version !== 'number' ||
    typeof idle !== 'number' ||
    !isNumbers(lengths) ||
    fields === undefined ||
    handle === undefined ||
    meta === undefined ||
    createdAt === undefined ||
    lastSeenAt === undefined ||
    absoluteAt === undefined ||
    expiresAt === undefined ||
    (principal === undefined && document.principal !== undefined) ||
    (next !== undefined && typeof next !== 'string')
  ) {
    return undefined;
  }
  return recordOf(
    { fields, lengths },
    {
      format,
      version: version as Version,
      createdAt,
      lastSeenAt,
      idle,
      absoluteAt,
      handle: handle as Handle,
      meta,
      principal: principal as Principal | undefined,
      next: next as SessionId | undefined,
    },
    expiresAt,
  );
}

function keep(text: string): KeptText {
  return text.isWellFormed() ? text : { json: JSON.stringify(text) };
}

function textOf(kept: unknown): string | undefined {
  if (typeof kept === 'string') {
    return kept;
  }
  if (!isObject(kept) || typeof kept.json !== 'string') {
    return undefined;
  }
  try {
    const text: unknown = JSON.parse(kept.json);
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

function timeOf(value: unknown): number | undefined {
  const time = types.isDate(value) ? value.getTime() : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
