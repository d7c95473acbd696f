import { type Handle, RECORD_FORMAT, type SessionRecord, type Version } from './record.js';

/**
 * What a store answers for content that is no record: its fields are no JSON object, so that core takes it for corrupt and
 * the request for anonymous; its times are over, so that it is removed; its version is none that core draws, so that no
 * compare-and-swap succeeds on it. An error would be a 503 for as long as the client has the cookie.
 */
export const CORRUPT_RECORD: SessionRecord = Object.freeze({
  format: RECORD_FORMAT,
  version: -1 as Version,
  fields: '',
  lengths: Object.freeze([]),
  createdAt: 0,
  lastSeenAt: 0,
  idle: 0,
  absoluteAt: 0,
  expiresAt: 0,
  handle: '' as Handle,
  meta: '{}',
});
