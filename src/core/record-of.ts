import type { FieldsPart } from './field-cuts.js';
import type { Principal, SessionId, SessionRecord } from './record.js';

/** The parts of a record beside its fields and its expiry; the two that not every record has may be undefined. */
export type RecordRest = Omit<SessionRecord, keyof FieldsPart | 'expiresAt' | 'principal' | 'next'> & {
  readonly principal?: Principal | undefined;
  readonly next?: SessionId | undefined;
};

/**
 * The record of these parts, without those that are missing. Named one by one, in an order that is the same everywhere: V8 then
 * knows all records by a few hidden classes, where spreads would make each later look at one several times as slow.
 */
export function recordOf(
  { fields, lengths }: FieldsPart,
  rest: RecordRest,
  expiresAt: number,
): SessionRecord {
  const { principal, next } = rest;
  const record: { -readonly [Part in keyof SessionRecord]: SessionRecord[Part] } = {
    format: rest.format,
    version: rest.version,
    fields,
    lengths,
    createdAt: rest.createdAt,
    lastSeenAt: rest.lastSeenAt,
    idle: rest.idle,
    absoluteAt: rest.absoluteAt,
    expiresAt,
    handle: rest.handle,
    meta: rest.meta,
  };
  if (principal !== undefined) {
    record.principal = principal;
  }
  if (next !== undefined) {
    record.next = next;
  }
  return record;
}
