import { describe, expect, it } from 'vitest';
import { createRecord, createSessionId, principal, textOf } from '../../testing/contract/records.js';
import { CORRUPT_RECORD } from '../../core/corrupt-record.js';
import { decodeRecord, encodeRecord, type RecordTexts } from './record.codec.js';

const FULL = createRecord({
  ...textOf({ text: 'é漢🦊', email: 'a@b.c', big: 'x'.repeat(20_000) }),
  principal: principal('ü-1'),
  next: createSessionId(),
  meta: '{"label":"Ω"}',
});

/** As Redis gives a text back: by way of UTF-8. */
const throughUtf8 = (text: string) => Buffer.from(text).toString();

const decoded = ({ header, fields, times }: RecordTexts) =>
  decodeRecord(throughUtf8(header), throughUtf8(fields), throughUtf8(times));

describe('the codec of Redis records', () => {
  it.each([
    ['a plain record', createRecord()],
    ['a record with everything', FULL],
    ['a principal alone', createRecord({ principal: principal('1') })],
    ['a forward alone', createRecord({ next: createSessionId(), fields: '{}', lengths: [] })],
    [
      'lone surrogates',
      createRecord({ fields: '{"a":"\uD800","b":"🦊"}', lengths: [3, 3], principal: principal('\uDFFF') }),
    ],
    ['raw NUL', createRecord({ fields: '\u0000', lengths: [], meta: 'a\u0000' })],
    ['line ends', createRecord({ fields: '{\r\n\u2028}', lengths: [], meta: '\r\n\u2029' })],
    ['empty texts', createRecord({ fields: '', meta: '', lengths: [], principal: principal('') })],
    ['long lengths', createRecord({ lengths: [0, 127, 2 ** 31, Number.MAX_SAFE_INTEGER] })],
    ['odd numbers', createRecord({ idle: 1.5, createdAt: -1, absoluteAt: Number.MAX_VALUE, format: 99 })],
    ['odd times', createRecord({ lastSeenAt: -0.5, expiresAt: Number.MAX_VALUE })],
  ])('gives back %s', (_, record) => {
    expect(decoded(encodeRecord(record))).toStrictEqual(record);
  });

  it('leaves the fields as a person can read them', () => {
    expect(encodeRecord(FULL).fields).toBe(FULL.fields);
  });

  it('is hardly larger than the texts', () => {
    const { header, fields, times } = encodeRecord(createRecord(textOf({ text: 'x'.repeat(1_000) })));
    expect(`${header}${fields}${times}`.length).toBeLessThan(1_200);
  });

  const GOOD = encodeRecord(FULL);

  it.each<[string, Partial<Record<keyof RecordTexts, string | undefined>>]>([
    ['no header', { header: undefined }],
    ['no fields', { fields: undefined }],
    ['no times', { times: undefined }],
    ['an empty header', { header: '' }],
    ['text for a header', { header: 'hello' }],
    ['layout 0', { header: GOOD.header.replace(/^1 /, '0 ') }],
    ['a version that is none', { header: GOOD.header.replace(/^1 \d+/, '1 x') }],
    ['a header that was cut off', { header: GOOD.header.slice(0, -1) }],
    ['a body of another kind', { header: '1 5 {"format":1}' }],
    ['an empty body', { header: '1 5 []' }],
    ['a body with wrong types', { header: '1 5 [1,2,3,4,5,6,7,8,9,0]' }],
    ['one time', { times: '5' }],
    ['times that are none', { times: 'a b' }],
    ['endless times', { times: 'Infinity 1' }],
    ['quoted fields that are not', { header: GOOD.header.replace(/0\]$/, '1]') }],
  ])('takes %s for a corrupt record', (_, damage) => {
    const { header, fields, times } = { ...GOOD, ...damage };
    expect(decodeRecord(header, fields, times)).toBe(CORRUPT_RECORD);
  });

  it('makes a corrupt record one that core cannot use and removes', () => {
    expect(CORRUPT_RECORD).toMatchObject({ format: 1, version: -1, fields: '', expiresAt: 0 });
  });

  it('says so when a newer version wrote the record', () => {
    const { fields, times } = GOOD;
    for (const header of ['2 5 {"new":true}', '10 5 ']) {
      expect(() => decodeRecord(header, fields, times)).toThrow(
        /newer version of nest-sessions.*Finish the upgrade/,
      );
    }
  });
});
