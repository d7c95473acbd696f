import type { Principal, SessionId, SessionRecord } from './record.js';

/** The parts of a record; the two that not every record has are undefined where they are missing. */
export type RecordParts = Omit<SessionRecord, 'principal' | 'next'> & {
  readonly principal: Principal | undefined;
  readonly next: SessionId | undefined;
};

/**
 * The record of these parts, without those that are missing. Named one by one, in an order that is the same everywhere: V8 then
 * knows all records by a few hidden classes, where spreads would make each later look at one several times as slow.
 */
export function recordOf(parts: RecordParts): SessionRecord {
  const { principal, next } = parts;
  const record: { -readonly [Part in keyof SessionRecord]: SessionRecord[Part] } = {
    format: parts.format,
    version: parts.version,
    fields: parts.fields,
    lengths: parts.lengths,
    createdAt: parts.createdAt,
    lastSeenAt: parts.lastSeenAt,
    idle: parts.idle,
    absoluteAt: parts.absoluteAt,
    expiresAt: parts.expiresAt,
    handle: parts.handle,
    meta: parts.meta,
  };
  if (principal !== undefined) {
    record.principal = principal;
  }
  if (next !== undefined) {
    record.next = next;
  }
  return record;
}
