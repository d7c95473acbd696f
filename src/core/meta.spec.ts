import { describe, expect, it } from 'vitest';
import {
  changeMeta,
  fallenFields,
  formatMeta,
  isElevated,
  parseMeta,
  type SessionMeta,
  withoutFallen,
} from './meta.js';

const ELEVATED = '{"elevated":{"a":100,"b":200}}';
const fields = (...names: string[]) => new Map(names.map((name) => [name, '1']));

describe('changeMeta()', () => {
  it('leaves what was not named, whoever wrote it', () => {
    expect(JSON.parse(changeMeta('{"own":1,"authenticatedAt":5}', { authenticatedAt: 6 }))).toEqual({
      own: 1,
      authenticatedAt: 6,
    });
  });

  it('puts what is elevated on top of what was', () => {
    expect(parseMeta(changeMeta(ELEVATED, { elevated: { b: 300, c: 400 } })).elevated).toEqual({
      a: 100,
      b: 300,
      c: 400,
    });
  });

  it('takes parts away that are undefined', () => {
    expect(changeMeta(ELEVATED, { elevated: undefined })).toBe('{}');
  });
});

describe('the text of meta', () => {
  const token = { since: 1, seenAt: 2 };
  const parts: SessionMeta = { token, elevated: { a: 100 }, authenticatedAt: 5, device: { ip: '::1' } };

  it.each([
    ['nothing', {}],
    ['what is there', parts],
    ['a part of what is there', { token }],
  ])('stays as it was first written where a change names %s', (_what, change) => {
    const first = formatMeta(parts);
    expect(changeMeta(first, change)).toBe(first);
  });

  it('has one order, whichever way it came about', () => {
    const text = formatMeta(parts);
    expect(changeMeta('{}', parts)).toBe(text);
    expect(changeMeta(changeMeta('{}', { token }), parts)).toBe(text);
    expect(withoutFallen(text, 0, fields('a'))).toBe(text);
  });
});

describe('elevated fields', () => {
  it('fall away at their time', () => {
    expect([99, 100, 199, 200].map((now) => fallenFields(ELEVATED, now).join())).toEqual([
      '',
      'a',
      'a',
      'a,b',
    ]);
  });

  it.each(['"soon"', 'null', '{}'])('have fallen away where their time is %s', (time) => {
    expect(fallenFields(`{"elevated":{"a":${time},"b":200}}`, 100)).toEqual(['a']);
  });

  it.each(['__proto__', 'toString'])('may have any name: %s', (name) => {
    const meta = changeMeta('{}', { elevated: Object.fromEntries([[name, 100]]) });
    expect([fallenFields(meta, 99), fallenFields(meta, 100)]).toEqual([[], [name]]);
    expect(isElevated({ a: 100 }, name, 0)).toBe(false);
  });

  it('leave their name behind when they have fallen away, or are there no more', () => {
    expect(withoutFallen(ELEVATED, 100, fields('a', 'b'))).toBe('{"elevated":{"b":200}}');
    expect(withoutFallen(ELEVATED, 0, fields('a'))).toBe('{"elevated":{"a":100}}');
    expect(withoutFallen(ELEVATED, 200, fields('a', 'b'))).toBe('{}');
  });

  it.each(['{}', 'no JSON', '[]', '{"elevated":7}'])('are none in %s', (meta) => {
    expect(fallenFields(meta, 100)).toEqual([]);
  });
});
