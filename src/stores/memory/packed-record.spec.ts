import { describe, expect, it } from 'vitest';
import type { Principal, SessionId, SessionRecord } from '../../core/record.js';
import { createRecord, createSessionId, EXTREME_VERSIONS, textOf } from '../../testing/contract/records.js';
import { packTexts, unpack } from './packed-record.js';

const back = (record: SessionRecord) => unpack({ ...record, text: packTexts(record) }, record.expiresAt);

const MANY = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`field ${n}`, n]));

describe('a packed record', () => {
  it.each<[string, Partial<SessionRecord>]>([
    ['as it is', {}],
    ['without fields', { fields: '{}', lengths: [] }],
    ['without any text', { fields: '', lengths: [], meta: '' }],
    [
      'with lengths at the ends of what a character holds',
      { lengths: [0, 127, 128, 129, 255, 256, 16_383, 16_384] },
    ],
    ['with the longest length that there can be', { lengths: [2 ** 31 - 1, 2 ** 30] }],
    ['with more fields than a call has arguments', textOf(MANY)],
    ['with characters of every width', textOf({ latin: 'é', wide: '漢', pair: '😀', half: '\ud83d' })],
    ['with a principal', { principal: 'ada' as Principal }],
    ['with an empty principal', { principal: '' as Principal }],
    ['with a forward', { next: createSessionId() }],
    ['with an empty forward', { next: '' as SessionId }],
    ['with a principal and a forward', { principal: '漢' as Principal, next: createSessionId() }],
    ['of another format', { format: 300 }],
    ...EXTREME_VERSIONS.map((version): [string, Partial<SessionRecord>] => [
      `of version ${version}`,
      { version },
    ]),
  ])('comes back: %s', (_how, parts) => {
    const record = createRecord(parts);
    expect(back(record)).toStrictEqual(record);
  });

  it.each([[-1], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY]])(
    'comes back without its lengths where %d is among them: they fit no text',
    (length) => {
      const record = createRecord({ principal: 'ada' as Principal });
      expect(back({ ...record, lengths: [3, length] })).toStrictEqual({ ...record, lengths: [] });
    },
  );

  it('takes one byte for each character of plain text, and few for what is not text', () => {
    const record = createRecord(
      textOf(Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`f${n}`, 'x'.repeat(n)]))),
    );
    const text = packTexts(record);
    expect(Math.max(...text.split('').map((character) => character.charCodeAt(0)))).toBeLessThan(0x100);
    const texts = record.fields.length + record.meta.length + record.handle.length;
    expect(text.length - texts).toBeLessThan(record.lengths.length + 10);
  });
});
