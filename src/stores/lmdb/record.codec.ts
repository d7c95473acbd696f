import { CORRUPT_RECORD } from '../../core/corrupt-record.js';
import { recordOf } from '../../core/record-of.js';
import {
  type Handle,
  type Principal,
  type SessionId,
  type SessionRecord,
  type Version,
} from '../../core/record.js';
import { ByteReader, ByteWriter, measureText, textSize, varintSize } from './text.codec.js';

/*
 * The bytes of a record:
 *
 *   0  'N' 'S'   what tells a record from garbage
 *   2  layout    of the body; the head is the same in every layout
 *   3  flags     bit 0: has a principal, bit 1: has a next
 *   4  seven doubles: format, version, createdAt, lastSeenAt, idle, absoluteAt, expiresAt
 *  60  the body: handle, meta, [principal], [next], lengths, fields
 *
 * The head has fixed places, so that a touch copies the bytes and writes two doubles, and a comparison or the sweep
 * reads no text, whatever version of the package wrote the body.
 */
const MAGIC = 0x534e;
const LAYOUT = 1;
const HAS_PRINCIPAL = 1;
const HAS_NEXT = 2;
const AT = {
  layout: 2,
  flags: 3,
  format: 4,
  version: 12,
  createdAt: 20,
  lastSeenAt: 28,
  idle: 36,
  absoluteAt: 44,
  expiresAt: 52,
  body: 60,
} as const;

/** What can be read of a record without its texts. */
export type RecordHead = Pick<SessionRecord, 'version' | 'lastSeenAt' | 'expiresAt'>;

export function encodeRecord(record: SessionRecord): Buffer {
  const texts = [record.handle, record.meta, record.principal, record.next]
    .filter((text) => text !== undefined)
    .map(measureText);
  const fields = measureText(record.fields);
  const { lengths } = record;
  const bodySize =
    texts.reduce((sum, text) => sum + textSize(text), 0) +
    lengths.reduce((sum, length) => sum + varintSize(length), varintSize(lengths.length)) +
    textSize(fields);

  const bytes = Buffer.allocUnsafe(AT.body + bodySize);
  bytes.writeUInt16LE(MAGIC, 0);
  bytes.writeUInt8(LAYOUT, AT.layout);
  bytes.writeUInt8(
    (record.principal === undefined ? 0 : HAS_PRINCIPAL) | (record.next === undefined ? 0 : HAS_NEXT),
    AT.flags,
  );
  bytes.writeDoubleLE(record.format, AT.format);
  bytes.writeDoubleLE(record.version, AT.version);
  bytes.writeDoubleLE(record.createdAt, AT.createdAt);
  bytes.writeDoubleLE(record.lastSeenAt, AT.lastSeenAt);
  bytes.writeDoubleLE(record.idle, AT.idle);
  bytes.writeDoubleLE(record.absoluteAt, AT.absoluteAt);
  bytes.writeDoubleLE(record.expiresAt, AT.expiresAt);

  const body = new ByteWriter(bytes, AT.body);
  texts.forEach((text) => body.text(text));
  body.varint(lengths.length);
  lengths.forEach((length) => body.varint(length));
  body.text(fields);
  return bytes;
}

/**
 * The record in the bytes. Bytes that are no record, because the file was damaged or written by another program, give
 * one that nobody can use and everybody can handle: its fields are no JSON object, so that core takes it for corrupt
 * and the request for anonymous; its times are over, so that it is removed; its version is none that core draws, so
 * that no compare-and-swap succeeds on it. An error would be a 503 for as long as the client has the cookie.
 *
 * @throws Error when a newer version of this package wrote the record; that is trouble, and logs nobody out.
 */
export function decodeRecord(bytes: Buffer): SessionRecord {
  if (!hasHead(bytes)) {
    return CORRUPT_RECORD;
  }
  const layout = bytes.readUInt8(AT.layout);
  if (layout > LAYOUT) {
    throw new Error(
      `LmdbSessionStore found a record of layout ${layout} and knows those up to ${LAYOUT}: a newer version of ` +
        'nest-sessions wrote it. Finish the upgrade on all processes that share the database.',
    );
  }
  try {
    return decodeKnown(bytes);
  } catch {
    return CORRUPT_RECORD;
  }
}

/** The head of the record, or none when the bytes are no record. */
export function readHead(bytes: Buffer): RecordHead | undefined {
  if (!hasHead(bytes)) {
    return undefined;
  }
  return {
    version: bytes.readDoubleLE(AT.version) as Version,
    lastSeenAt: bytes.readDoubleLE(AT.lastSeenAt),
    expiresAt: bytes.readDoubleLE(AT.expiresAt),
  };
}

/** The same record with other times. */
export function withTimes(bytes: Buffer, lastSeenAt: number, expiresAt: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeDoubleLE(lastSeenAt, AT.lastSeenAt);
  copy.writeDoubleLE(expiresAt, AT.expiresAt);
  return copy;
}

function hasHead(bytes: Buffer): boolean {
  return bytes.length >= AT.body && bytes.readUInt16LE(0) === MAGIC && bytes.readUInt8(AT.layout) >= LAYOUT;
}

function decodeKnown(bytes: Buffer): SessionRecord {
  const flags = bytes.readUInt8(AT.flags);
  const body = new ByteReader(bytes, AT.body);
  const handle = body.text() as Handle;
  const meta = body.text();
  const principal = flags & HAS_PRINCIPAL ? (body.text() as Principal) : undefined;
  const next = flags & HAS_NEXT ? (body.text() as SessionId) : undefined;
  const lengths = body.varints();
  const fields = body.text();
  if (!body.atEnd) {
    throw new RangeError('There is more than was written.');
  }
  return recordOf(
    { fields, lengths },
    {
      format: bytes.readDoubleLE(AT.format),
      version: bytes.readDoubleLE(AT.version) as Version,
      createdAt: bytes.readDoubleLE(AT.createdAt),
      lastSeenAt: bytes.readDoubleLE(AT.lastSeenAt),
      idle: bytes.readDoubleLE(AT.idle),
      absoluteAt: bytes.readDoubleLE(AT.absoluteAt),
      handle,
      meta,
      principal,
      next,
    },
    bytes.readDoubleLE(AT.expiresAt),
  );
}
