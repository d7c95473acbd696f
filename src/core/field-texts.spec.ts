import { describe, expect, it } from 'vitest';
import { cutFields, joinFields, mergeFields, parseWhole } from './field-texts.js';

const texts = (fields: Record<string, unknown>) =>
  new Map(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]));

describe('fields as texts', () => {
  const odd = texts({
    email: 'a@b.c',
    'key "with" quotes': { deep: ['}', '"', ','] },
    'ключ\u0000\\': '\ud83d\ude00 \ud800',
    '': null,
    n: -0.5e-7,
    empty: {},
  });

  it('come back as they were joined, odd names and values included', () => {
    const part = joinFields(odd);
    expect(JSON.parse(part.fields)).toEqual(
      Object.fromEntries([...odd].map(([name, value]) => [name, JSON.parse(value)])),
    );
    expect([...(cutFields(part) ?? [])]).toEqual([...odd]);
  });

  it('keep __proto__ and constructor as names like any other', () => {
    const part = joinFields(
      new Map([
        ['__proto__', '{"polluted":1}'],
        ['constructor', '2'],
      ]),
    );
    expect([...(cutFields(part) ?? [])]).toEqual([
      ['__proto__', '{"polluted":1}'],
      ['constructor', '2'],
    ]);
    expect([...(parseWhole(part.fields) ?? [])]).toEqual([
      ['__proto__', '{"polluted":1}'],
      ['constructor', '2'],
    ]);
    expect('polluted' in {}).toBe(false);
  });

  it('of nothing are an empty object', () => {
    expect(joinFields(new Map())).toEqual({ fields: '{}', lengths: [] });
    expect(cutFields({ fields: '{}', lengths: [] })?.size).toBe(0);
  });

  it.each([
    ['no lengths', []],
    ['an odd number of them', [3, 1, 3]],
    ['one too long', [3, 2, 3, 1]],
    ['one too short', [3, 1, 2, 1]],
    ['negative ones', [-3, 1, 3, 1]],
    ['far too large ones', [3, 1e9, 3, 1]],
    ['numbers that are none', [Number.NaN, 1, 3, 1]],
    ['too few', [3, 1]],
  ])('are read whole where the lengths do not fit: %s', (_what, lengths) => {
    expect([...(cutFields({ fields: '{"a":1,"b":2}', lengths }) ?? [])]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  it('read whole are written as we would write them, so that reading causes no write', () => {
    expect(parseWhole(' { "a" : 1.0 } ')?.get('a')).toBe('1');
  });

  it.each(['', 'null', '[1]', '"text"', '7', '{"a":', 'garbage'])(
    'are none when the text is %j',
    (fields) => {
      expect(cutFields({ fields, lengths: [] })).toBeUndefined();
    },
  );
});

describe('merging', () => {
  const current = texts({ a: 1, b: 2, c: 3 });

  it('puts only what was changed on top of what is stored', () => {
    const merged = mergeFields(
      current,
      new Map([
        ['b', '20'],
        ['d', '4'],
      ]),
    );
    expect(joinFields(merged).fields).toBe('{"a":1,"b":20,"c":3,"d":4}');
  });

  it('counts deletion as a change', () => {
    expect(joinFields(mergeFields(current, new Map([['a', undefined]]))).fields).toBe('{"b":2,"c":3}');
  });

  it('answers the very same fields when nothing differs', () => {
    expect(
      mergeFields(
        current,
        new Map([
          ['a', '1'],
          ['gone', undefined],
        ]),
      ),
    ).toBe(current);
  });
});
