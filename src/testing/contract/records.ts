import { randomBytes } from 'node:crypto';
import {
  RECORD_FORMAT,
  type Handle,
  type Principal,
  type SessionId,
  type SessionRecord,
  type Version,
} from '../../core/record.js';

/** The idle timeout of the records that tests make, in milliseconds. */
export const IDLE = 30 * 60_000;

/** A session id as core makes them: 43 characters of base64url. */
export function createSessionId(): SessionId {
  return randomBytes(32).toString('base64url') as SessionId;
}

export function createVersion(): Version {
  return randomBytes(6).readUIntBE(0, 6) as Version;
}

export function createHandle(): Handle {
  return randomBytes(12).toString('base64url') as Handle;
}

export function principal(name: string): Principal {
  return name as Principal;
}

/** Versions at the ends of what core can draw. */
export const EXTREME_VERSIONS: readonly Version[] = [0, 1, 2 ** 31, 2 ** 32, 2 ** 48 - 1].map(
  (version) => version as Version,
);

/** The text of the fields and the lengths in it, as core writes them. */
export function textOf(fields: Readonly<Record<string, unknown>>): Pick<SessionRecord, 'fields' | 'lengths'> {
  const texts = Object.entries(fields).map(
    ([key, value]) => [JSON.stringify(key), JSON.stringify(value)] as const,
  );
  return {
    fields: `{${texts.map(([key, value]) => `${key}:${value}`).join(',')}}`,
    lengths: texts.flatMap(([key, value]) => [key.length, value.length]),
  };
}

/** A record of an anonymous session that began a moment ago. */
export function createRecord(overrides: Partial<SessionRecord> = {}): SessionRecord {
  const now = Date.now();
  return {
    format: RECORD_FORMAT,
    version: createVersion(),
    ...textOf({ email: 'a@b.c', cart: [1, 2, 3] }),
    createdAt: now,
    lastSeenAt: now,
    idle: IDLE,
    absoluteAt: now + 12 * 60 * 60_000,
    expiresAt: now + IDLE,
    handle: createHandle(),
    meta: '{}',
    ...overrides,
  };
}

/** The record as another request would write it again: a new version, other fields. */
export function changed(
  record: SessionRecord,
  fields: Readonly<Record<string, unknown>> = {},
): SessionRecord {
  return { ...record, ...textOf({ changed: true, ...fields }), version: createVersion() };
}
