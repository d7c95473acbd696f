// Sessions as an application has them, each different from every other, in the record of a store.
import { hash, randomBytes } from 'node:crypto';

const HOUR = 3_600_000;
/** Bytes of JSON that the fields have without items, and that one item has. */
const BASE_SIZE = 182;
const ITEM_SIZE = 94;

/** An id of the form that core's have: 43 characters of base64url. */
export const idOf = (name) => hash('sha256', String(name), 'base64url');

/** Fields of about so many bytes of JSON: who it is, what was looked at last, a cart. No two sessions share a text. */
export function fieldsOf(name, bytes) {
  const tag = hash('sha256', `fields of ${name}`, 'hex');
  const fields = {
    email: `${tag.slice(0, 12)}@example.com`,
    role: 'customer',
    theme: 'dark',
    csrf: tag.slice(0, 32),
    visits: Number.parseInt(tag.slice(0, 4), 16),
    lastViewed: [tag.slice(12, 20), tag.slice(20, 28), tag.slice(28, 36)],
  };
  // Grown by hand: to measure the text again for each item would take longer than all stores do.
  let size = BASE_SIZE;
  for (let n = 0; size + ITEM_SIZE <= bytes; n++, size += ITEM_SIZE) {
    const at = n % 40;
    fields[`item${n}`] = {
      sku: tag.slice(at, at + 10),
      title: `Thing ${tag.slice(at + 3, at + 9)} number ${n}`,
      tags: ['new', tag.slice(at, at + 4)],
      price: n + 0.5,
    };
  }
  fields.note = tag.repeat(Math.ceil(bytes / tag.length)).slice(0, Math.max(1, bytes - size));
  return fields;
}

/** The text of the fields and the lengths in it, built as core builds them. */
export function packed(fields) {
  const parts = [];
  const lengths = [];
  for (const [name, value] of Object.entries(fields)) {
    const key = JSON.stringify(name);
    const text = JSON.stringify(value);
    parts.push(`${key}:${text}`);
    lengths.push(key.length, text.length);
  }
  return { fields: `{${parts.join(',')}}`, lengths };
}

const drawVersion = () => randomBytes(6).readUIntBE(0, 6);

/** The record of a session; `expiresIn` is negative for one that has expired. */
export function recordOf(name, { bytes = 400, principal, expiresIn = HOUR } = {}) {
  const now = Date.now();
  const expiresAt = now + expiresIn;
  const lastSeenAt = expiresAt - HOUR;
  return Object.freeze({
    format: 1,
    version: drawVersion(),
    ...packed(fieldsOf(name, bytes)),
    createdAt: lastSeenAt,
    lastSeenAt,
    idle: HOUR,
    absoluteAt: lastSeenAt + 12 * HOUR,
    expiresAt,
    handle: randomBytes(12).toString('base64url'),
    meta: '{}',
    ...(principal === undefined ? {} : { principal }),
  });
}

/** What a request that changed one field would store next. */
export function changedRecord(record, fields) {
  return Object.freeze({ ...record, ...packed(fields), version: drawVersion() });
}
