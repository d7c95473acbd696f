import { describe, expect, it } from 'vitest';
import type { Principal, SessionId } from './record.js';
import { formatSealed, handleOf, parseSealed } from './sealed-record.js';

const id = 'an id' as SessionId;

const record = {
  format: 1,
  version: 0,
  fields: '{"a":"line\\nbreak","b":{"c":[1]}}',
  lengths: [],
  createdAt: 1,
  lastSeenAt: 2,
  idle: 3,
  absoluteAt: 4,
  expiresAt: 4,
  handle: handleOf(id),
  meta: '{}',
} as unknown as Parameters<typeof formatSealed>[0]['record'];

describe('a sealed record', () => {
  it.each([
    ['as it is', record],
    ['with a principal', { ...record, principal: 'ada "the first"\n' as Principal }],
    ['with meta', { ...record, meta: '{"authenticatedAt":1}' }],
    ['without fields', { ...record, fields: '{}' }],
  ])('comes back: %s', (_how, one) => {
    expect(parseSealed(formatSealed({ id, record: one }))).toEqual({ id, record: one });
  });

  it.each([
    ['nothing', ''],
    ['one line', '[1,"id",1,2,3,4]'],
    ['two lines', '[1,"id",1,2,3,4]\n'],
    ['no list', '{"0":1}\n\n{}'],
    ['no JSON', '[1,\n\n{}'],
    ['no id', '[1,7,1,2,3,4]\n\n{}'],
    ['a time that is a text', '[1,"id","1",2,3,4]\n\n{}'],
    ['a principal that is a number', '[1,"id",1,2,3,4,5]\n\n{}'],
  ])('is none in %s', (_what, text) => {
    expect(parseSealed(text)).toBeUndefined();
  });

  it('of a newer layout is trouble, not corrupt', () => {
    expect(() => parseSealed('[2]\n\n{}')).toThrow(/layout 2, newer than this version understands/);
  });

  it('has a public name that follows from its id and does not give it away', () => {
    expect(handleOf(id)).toMatch(/^[\w-]{16}$/);
    expect(handleOf('another' as SessionId)).not.toBe(handleOf(id));
  });
});
