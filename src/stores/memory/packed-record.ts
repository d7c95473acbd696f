import { isWide } from './record-size.js';
import { recordOf } from '../../core/record-of.js';
import type { Handle, Principal, SessionId, SessionRecord, Version } from '../../core/record.js';

/** A record as it is kept: its texts and small numbers in one text, and the numbers that change or are large beside it. */
export interface PackedRecord {
  readonly text: string;
  readonly version: Version;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly idle: number;
  readonly absoluteAt: number;
}

/** Numbers below it take one character of the head, up to its square two. */
const BASE = 0x80;

/** Longer lists of numbers are written in parts: each number is an argument of a call. */
const NUMBERS_AT_ONCE = 4_096;

/** Texts up to this length are copied by way of one place that is made once. */
const USUAL_LENGTH = 16_384;

/**
 * Packs the texts of a record into one: a head of small numbers, then the texts one after another. One text has one header and holds
 * nothing else alive, where the record's own may be parts of a longer text or still to be joined. It is copied to the last character,
 * and takes one byte a character as long as every character of the record fits into one.
 */
export function packTexts(record: SessionRecord): string {
  const { fields, meta, handle, principal, next } = record;
  // Lengths that are none fit no text, which is read whole then, as without any.
  const lengths = record.lengths.every(isLength) ? record.lengths : NONE;
  const numbers: number[] = [];
  write(numbers, record.format);
  write(numbers, fields.length);
  write(numbers, meta.length);
  write(numbers, handle.length);
  // 0 stands for none, so that an empty one comes back as it was.
  write(numbers, principal === undefined ? 0 : principal.length + 1);
  write(numbers, next === undefined ? 0 : next.length + 1);
  write(numbers, lengths.length);
  for (const length of lengths) {
    write(numbers, length);
  }
  return copied(`${headOf(numbers)}${fields}${meta}${handle}${principal ?? ''}${next ?? ''}`);
}

let usual: Buffer | undefined;

/**
 * The same text for itself, in one byte a character if that can hold it. V8 only notes what is to be joined, and what it has made of
 * parts of a text that needed two bytes a character stays in two.
 */
function copied(text: string): string {
  if (isWide(text)) {
    return Buffer.from(text, 'utf16le').toString('utf16le');
  }
  const { length } = text;
  const bytes =
    length > USUAL_LENGTH ? Buffer.allocUnsafe(length) : (usual ??= Buffer.allocUnsafe(USUAL_LENGTH));
  bytes.write(text, 0, 'latin1');
  return bytes.toString('latin1', 0, length);
}

/** The record that was packed, made anew: whoever gets it may do with it what they like. */
export function unpack(packed: PackedRecord, expiresAt: number): SessionRecord {
  const { text } = packed;
  const head = new HeadReader(text);
  const format = head.read();
  const fieldsLength = head.read();
  const metaLength = head.read();
  const handleLength = head.read();
  const principalLength = head.read();
  const nextLength = head.read();
  const lengths: number[] = [];
  for (let rest = head.read(); rest > 0; rest--) {
    lengths.push(head.read());
  }
  const fieldsAt = head.at;
  const metaAt = fieldsAt + fieldsLength;
  const handleAt = metaAt + metaLength;
  const principalAt = handleAt + handleLength;
  const nextAt = principalAt + Math.max(0, principalLength - 1);
  return recordOf(
    { fields: text.slice(fieldsAt, metaAt), lengths },
    {
      format,
      version: packed.version,
      createdAt: packed.createdAt,
      lastSeenAt: packed.lastSeenAt,
      idle: packed.idle,
      absoluteAt: packed.absoluteAt,
      handle: text.slice(handleAt, principalAt) as Handle,
      meta: text.slice(metaAt, handleAt),
      principal: principalLength > 0 ? (text.slice(principalAt, nextAt) as Principal) : undefined,
      next: nextLength > 0 ? (text.slice(nextAt) as SessionId) : undefined,
    },
    expiresAt,
  );
}

const NONE: readonly number[] = [];

function isLength(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Adds a whole number of at least 0: seven bits a character, the lowest first, the eighth bit where more follow. */
function write(codes: number[], number: number): void {
  let rest = number;
  while (rest >= BASE) {
    codes.push((rest % BASE) + BASE);
    rest = Math.floor(rest / BASE);
  }
  codes.push(rest);
}

function headOf(codes: readonly number[]): string {
  if (codes.length <= NUMBERS_AT_ONCE) {
    return String.fromCharCode(...codes);
  }
  return String.fromCharCode(...codes.slice(0, NUMBERS_AT_ONCE)) + headOf(codes.slice(NUMBERS_AT_ONCE));
}

/** Reads the numbers at the beginning of a packed text. */
class HeadReader {
  at = 0;

  constructor(private readonly text: string) {}

  read(): number {
    const code = this.text.charCodeAt(this.at++);
    return code < BASE ? code : code - BASE + BASE * this.read();
  }
}
