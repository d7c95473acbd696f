import { describe, expect, it } from 'vitest';
import { createRecord, createSessionId, principal, textOf } from '../../testing/contract/records.js';
import { decodeRecord, encodeRecord, readHead, withTimes } from './record.codec.js';

/** How core judges what it cannot use: the fields are no JSON object, the time is over, no version matches. */
const CORRUPT = { format: 1, version: -1, fields: '', expiresAt: 0 };

const FULL = createRecord({
  ...textOf({ text: 'é漢🦊', email: 'a@b.c', big: 'x'.repeat(20_000) }),
  principal: principal('ü-1'),
  next: createSessionId(),
  meta: '{"label":"Ω"}',
});

describe('the codec of LMDB records', () => {
  it.each([
    ['a plain record', createRecord()],
    ['a record with everything', FULL],
    ['a principal alone', createRecord({ principal: principal('1') })],
    ['a forward alone', createRecord({ next: createSessionId(), fields: '{}', lengths: [] })],
    [
      'lone surrogates',
      createRecord({ fields: '{"a":"\uD800"}', lengths: [3, 3], principal: principal('\uDFFF') }),
    ],
    ['raw NUL', createRecord({ fields: '\u0000', lengths: [], meta: 'a\u0000' })],
    ['empty texts', createRecord({ fields: '', meta: '', lengths: [], principal: principal('') })],
    [
      'long lengths',
      createRecord({ lengths: [0, 127, 128, 16_383, 16_384, 2 ** 31, Number.MAX_SAFE_INTEGER] }),
    ],
    ['odd numbers', createRecord({ idle: 1.5, createdAt: -1, absoluteAt: Number.MAX_VALUE, format: 99 })],
  ])('gives back %s', (_, record) => {
    expect(decodeRecord(encodeRecord(record))).toStrictEqual(record);
  });

  it('is hardly larger than the texts', () => {
    const record = createRecord(textOf({ text: 'x'.repeat(1_000) }));
    expect(encodeRecord(record).length).toBeLessThan(record.fields.length + 100);
  });

  it('moves the times in place', () => {
    const bytes = encodeRecord(FULL);
    const moved = withTimes(bytes, 5, 6);
    expect(decodeRecord(moved)).toStrictEqual({ ...FULL, lastSeenAt: 5, expiresAt: 6 });
    expect(readHead(moved)).toEqual({ version: FULL.version, lastSeenAt: 5, expiresAt: 6 });
    expect(decodeRecord(bytes)).toStrictEqual(FULL);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(500)],
    ['text', Buffer.from(JSON.stringify(createRecord()))],
    ['random bytes', Buffer.from(Array.from({ length: 500 }, (_, index) => (index * 7919) % 256))],
  ])('takes %s for a corrupt record', (_, bytes) => {
    expect(decodeRecord(bytes)).toMatchObject(CORRUPT);
    expect(readHead(bytes)).toBeUndefined();
  });

  it('takes every record that was cut off for a corrupt one', () => {
    const bytes = encodeRecord(createRecord({ principal: principal('u') }));
    for (let size = 0; size < bytes.length; size++) {
      expect(decodeRecord(bytes.subarray(0, size))).toMatchObject(CORRUPT);
    }
    expect(decodeRecord(Buffer.concat([bytes, Buffer.from('x')]))).toMatchObject(CORRUPT);
  });

  it('neither throws nor hangs whichever byte is damaged', () => {
    const bytes = encodeRecord(createRecord({ principal: principal('u') }));
    const NEWER_LAYOUT = 2;
    for (let position = 0; position < bytes.length; position++) {
      for (const value of position === NEWER_LAYOUT ? [0] : [0, 1, 127, 128, 255]) {
        const damaged = Buffer.from(bytes);
        damaged[position] = value;
        expect(decodeRecord(damaged)).toHaveProperty('fields');
      }
    }
  });

  it('says so when a newer version wrote the record, and can still read its head', () => {
    const bytes = encodeRecord(FULL);
    bytes.writeUInt8(2, 2);
    expect(() => decodeRecord(bytes)).toThrow(/newer version of nest-sessions.*Finish the upgrade/);
    expect(readHead(bytes)).toMatchObject({ version: FULL.version, expiresAt: FULL.expiresAt });
  });
});
