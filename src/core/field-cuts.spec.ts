import { describe, expect, it } from 'vitest';
import { FieldCuts, type FieldsPart } from './field-cuts.js';
import { cutFields, joinFields, mergeFields } from './field-texts.js';

const texts = (fields: Record<string, unknown>) =>
  new Map(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]));

const partOf = (fields: Record<string, unknown>): FieldsPart => joinFields(texts(fields));

/** Many fields of different lengths, with values that look like what surrounds them. */
const many = Object.fromEntries(
  Array.from({ length: 40 }, (_unused, n) => [
    `field${n}`,
    n % 3 === 0 ? `","field${n + 1}":` : { n, deep: ['}', '"'] },
  ]),
);

/** The cuts of a record, which must be some. */
function cutsOf(part: FieldsPart): FieldCuts {
  const cuts = FieldCuts.of(part);
  if (cuts === undefined) {
    throw new Error('The lengths do not fit.');
  }
  return cuts;
}

describe('fields that are cut out one by one', () => {
  it.each(['the first', 'every'])('are what all of them together are: %s asked for', (which) => {
    const part = partOf(many);
    const names = Object.keys(many);
    const cuts = cutsOf(part);
    for (const name of which === 'every' ? names : names.slice(0, 1)) {
      expect([cuts.has(name), JSON.parse(cuts.get(name) ?? '')]).toEqual([true, many[name]]);
    }
    expect([cuts.has('field'), cuts.get('field400')]).toEqual([false, undefined]);
    expect([...cuts]).toEqual([...texts(many)]);
    expect([[...cuts.keys()], [...cuts.values()], cuts.size]).toEqual([
      names,
      [...texts(many).values()],
      names.length,
    ]);
  });

  it('are not looked for inside the values of others', () => {
    const cuts = cutsOf(partOf({ a: '","email":"eve","x":"', email: 'ada' }));
    expect(cuts.get('email')).toBe('"ada"');
    expect(cuts.get('x')).toBeUndefined();
  });

  it('go by the last one where a name is there twice, as JSON.parse does', () => {
    const cuts = cutsOf({ fields: '{"a":1,"b":2,"a":3}', lengths: [3, 1, 3, 1, 3, 1] });
    expect([cuts.get('a'), Object.fromEntries(cuts)]).toEqual(['3', { a: '3', b: '2' }]);
    // Whichever was meant, neither comes back.
    expect(joinFields(mergeFields(cuts, new Map([['a', undefined]])))).toEqual(partOf({ b: 2 }));
  });

  it.each([
    ['a quote', 'key "with" quotes'],
    ['a backslash', 'back\\slash'],
    ['what is no text', '\ud800'],
  ])('are cut all at once where a name has %s', (_what, name) => {
    const part = partOf({ [name]: 1, b: 2 });
    expect(FieldCuts.of(part)).toBeUndefined();
    expect(cutFields(part)?.get(name)).toBe('1');
    const merged = mergeFields(cutsOf(partOf({ b: 2 })), new Map([[name, '1']]));
    expect(JSON.parse(joinFields(merged).fields)).toEqual({ b: 2, [name]: 1 });
  });

  it.each([
    ['a text that is longer', '{"a":1} ', [3, 1]],
    ['a text that is shorter', '{"a":1', [3, 1]],
    ['no object', '["a":1]', [3, 1]],
    ['a name without its quotes', '{a12:1}', [3, 1]],
    ['two names in one', '{"a":1,"b":2}', [9, 1]],
    ['a part of a character', '{"a":1,"b":2}', [3, 1.5, 2.5, 1]],
    ['a name of nothing', '{"":1}', [1, 2]],
  ])('are none where the lengths meet %s', (_what, fields, lengths) => {
    expect(FieldCuts.of({ fields, lengths })).toBeUndefined();
  });

  it('take nothing else along of a record', () => {
    const record = { ...partOf({ a: 1 }), principal: 'ada' };
    expect(joinFields(cutsOf(record))).toEqual(partOf({ a: 1 }));
  });

  it('include one without a name', () => {
    expect(cutsOf({ fields: '{"":1}', lengths: [2, 1] }).get('')).toBe('1');
  });
});

describe('changes put into the text', () => {
  /** Changes that leave every kind of neighbour: the first, one in between, the last, new ones, other lengths. */
  const changes: [string, Record<string, unknown>][] = [
    ['the first', { field0: 'x' }],
    ['one in between', { field17: { longer: 'x'.repeat(300) } }],
    ['the last', { field39: null }],
    ['a new one', { fresh: [1, 2] }],
    ['several', { field0: 1, field39: 2, fresh: 3, field5: '' }],
    ['more than are put in one by one', { field0: 1, field1: 2, field2: 3, field3: 4, field4: 5, fresh: 6 }],
    ['one that is gone', { field3: undefined }],
    ['one that is gone among others', { field0: 1, field3: undefined, fresh: 2 }],
    ['one that is not there', { nobody: undefined }],
    ['nothing', { field0: many['field0'] }],
  ];

  it.each(changes)('are the same as in a text that is written anew: %s', (_what, change) => {
    const asTexts = new Map(
      Object.entries(change).map(([name, value]) => [
        name,
        value === undefined ? undefined : JSON.stringify(value),
      ]),
    );
    const cuts = cutsOf(partOf(many));
    const merged = mergeFields(cuts, asTexts);
    const anew = mergeFields(texts(many), asTexts);
    expect(joinFields(merged)).toEqual(joinFields(anew));
    expect([...merged]).toEqual([...anew]);
    // What was cut before is as it was.
    expect(joinFields(cuts)).toEqual(partOf(many));
  });

  it('are nothing where nothing differs', () => {
    const cuts = cutsOf(partOf(many));
    const same = new Map([
      ['field1', JSON.stringify(many['field1'])],
      ['nobody', undefined],
    ]);
    expect(mergeFields(cuts, same)).toBe(cuts);
  });

  it('begin a text that was empty', () => {
    const merged = mergeFields(cutsOf({ fields: '{}', lengths: [] }), new Map([['a', '1']]));
    expect(joinFields(merged)).toEqual({ fields: '{"a":1}', lengths: [3, 1] });
  });

  it('hold __proto__ like any other', () => {
    const merged = mergeFields(cutsOf(partOf({ a: 1 })), new Map([['__proto__', '{"polluted":1}']]));
    expect(joinFields(merged).fields).toBe('{"a":1,"__proto__":{"polluted":1}}');
    expect([merged.get('__proto__'), 'polluted' in {}]).toEqual(['{"polluted":1}', false]);
  });
});
