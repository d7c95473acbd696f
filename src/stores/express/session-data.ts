import { hash } from 'node:crypto';
import type { FieldTexts } from '../../core/field-texts.js';
import { recordOf } from '../../core/record-of.js';
import type { SessionRecord, Version } from '../../core/record.js';

/** The property of a stored session that holds what is ours. For express-session it is a field like any other. */
export const RESERVED = '__nest_sessions';

type RecordPart = Omit<SessionRecord, 'fields' | 'lengths'>;

/** What is stored there: the record without its fields, and what tells whether it still belongs to them. */
export interface SessionData extends RecordPart {
  /** Which id it was written for: an application may copy all that a session holds to a new one. */
  readonly of: string;
  /** Of the fields and the cookie's expiry that it was written with: whoever changes those changes a session of ours. */
  readonly seal: string;
  /** The same of them as they are spelled, which is told without taking them apart. */
  readonly quick?: string | undefined;
}

/** What tells whether fields and a cookie's expiry are those that our data was written with. */
export type Seals = Pick<SessionData, 'seal' | 'quick'>;

const NUMBERS = ['format', 'version', 'createdAt', 'lastSeenAt', 'idle', 'absoluteAt', 'expiresAt'] as const;
const TEXTS = ['handle', 'meta', 'of', 'seal'] as const;
const OPTIONAL = ['principal', 'next', 'quick'] as const;

/** Our data in a stored session, if it is there and was written for this id. */
export function dataOf(object: object, id: string): SessionData | undefined {
  const data: unknown = Reflect.get(object, RESERVED);
  return isSessionData(data) && data.of === ownerOf(id) ? data : undefined;
}

/** The version that a stored session was written with, whatever became of it since. */
export function versionOf(object: unknown): Version | undefined {
  const data: unknown = isObject(object) ? object[RESERVED] : undefined;
  return isSessionData(data) ? data.version : undefined;
}

/** Our data of a record. */
export function toData(id: string, record: SessionRecord, seals: Seals): SessionData {
  const { fields: _, lengths: __, ...others } = record;
  return { ...others, of: ownerOf(id), ...seals };
}

/** The record of our data and the fields beside it. */
export function toRecord(
  data: SessionData,
  fields: Pick<SessionRecord, 'fields' | 'lengths'>,
): SessionRecord {
  return recordOf(fields, data, data.expiresAt);
}

/** What our data keeps of the fields and the cookie's expiry that it is written with. */
export function sealsOf(texts: FieldTexts, expires: number | null): Required<Seals> {
  return { seal: sealOf(texts, expires), quick: quickSealOf(texts, expires) };
}

/** Whether our data was written with these fields and this expiry. */
export function isSealed({ seal, quick }: Seals, texts: FieldTexts, expires: number | null): boolean {
  return (quick !== undefined && quick === quickSealOf(texts, expires)) || seal === sealOf(texts, expires);
}

/**
 * What changes with the fields and with nothing else. Stores that keep objects or `jsonb` may answer their keys in another
 * order.
 */
function sealOf(texts: FieldTexts, expires: number | null): string {
  const fields = [...texts].map(([name, text]) => [name, canonical(JSON.parse(text))] as const);
  return sealed([expires, sorted(fields)]);
}

/** What changes with the fields, and with the order of their keys: cheaper to tell, and enough where no store moves them. */
function quickSealOf(texts: FieldTexts, expires: number | null): string {
  return sealed([expires, ...texts]);
}

function sealed(parts: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 22);
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(canonical);
  }
  return isObject(value)
    ? { fields: sorted(Object.entries(value).map(([name, part]) => [name, canonical(part)] as const)) }
    : value;
}

function sorted(entries: (readonly [string, unknown])[]): (readonly [string, unknown])[] {
  return entries.sort(([one], [other]) => (one < other ? -1 : 1));
}

function ownerOf(id: string): string {
  return hash('sha256', id, 'base64url').slice(0, 16);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSessionData(value: unknown): value is SessionData {
  return (
    isObject(value) &&
    NUMBERS.every((name) => Number.isFinite(value[name])) &&
    TEXTS.every((name) => typeof value[name] === 'string') &&
    OPTIONAL.every((name) => value[name] === undefined || typeof value[name] === 'string')
  );
}
