import { describe, expect, it, vi } from 'vitest';
import type { FieldsPart } from './field-cuts.js';
import { cutFields, joinFields, parseWhole } from './field-texts.js';
import { Fields } from './fields.js';

function fieldsOf(values: Record<string, unknown>, onCorrupt = () => undefined): Fields {
  const texts = new Map(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)]));
  return Fields.ofRecord(texts, sourceOf(joinFields(texts)), onCorrupt);
}

function ofPart(part: FieldsPart, onCorrupt: () => void): Fields | undefined {
  const texts = cutFields(part);
  return texts && Fields.ofRecord(texts, sourceOf(part), onCorrupt);
}

function sourceOf({ fields }: FieldsPart): Parameters<typeof Fields.ofRecord>[1] {
  return { parsed: () => parseWhole(fields) };
}

describe('the fields of a request', () => {
  it('parse what is touched and nothing else', () => {
    const parse = vi.spyOn(JSON, 'parse');
    try {
      const fields = fieldsOf({ a: { x: 1 }, b: { y: 2 } });
      expect(parse).not.toHaveBeenCalled();
      fields.get('a');
      fields.get('a');
      expect(parse).toHaveBeenCalledTimes(1);
    } finally {
      parse.mockRestore();
    }
  });

  it('serialise what is touched and can have changed, and nothing else', () => {
    const fields = fieldsOf({ a: { x: 1 }, b: { y: 2 }, n: 1 });
    fields.get('a');
    fields.get('n');
    const stringify = vi.spyOn(JSON, 'stringify');
    try {
      expect(fields.changes().size).toBe(0);
      expect(stringify).toHaveBeenCalledTimes(1);
    } finally {
      stringify.mockRestore();
    }
  });

  it('see a change inside an object', () => {
    const fields = fieldsOf({ cart: ['a'] });
    (fields.get('cart') as string[]).push('b');
    expect([...fields.changes()]).toEqual([['cart', '["a","b"]']]);
  });

  it('see no change in what was set to what it was', () => {
    const fields = fieldsOf({ a: { x: 1 } });
    fields.set('a', { x: 1 });
    expect(fields.changes().size).toBe(0);
  });

  it('count deletion, and a value that JSON leaves out, as a change', () => {
    const fields = fieldsOf({ a: 1, b: 2 });
    fields.delete('a');
    fields.set('b', undefined);
    expect([...fields.changes()]).toEqual([
      ['a', undefined],
      ['b', undefined],
    ]);
    expect(fields.names()).toEqual(['b']);
    expect(fields.isEmpty).toBe(true);
  });

  it('never take a change by somebody else for one of their own', () => {
    const fields = fieldsOf({ mine: [1], theirs: [1] });
    fields.get('theirs');
    fields.set('mine', [2]);
    const changes = fields.changes();
    fields.stored(
      changes,
      new Map([
        ['mine', '[2]'],
        ['theirs', '[9]'],
      ]),
    );
    expect(fields.changes().size).toBe(0);
  });

  it('see a change that was made while the last one was being stored', () => {
    const fields = fieldsOf({ cart: ['a'] });
    const cart = fields.get('cart') as string[];
    cart.push('b');
    const changes = fields.changes();
    cart.push('c');
    fields.stored(changes, new Map([['cart', '["a","b"]']]));
    expect([...fields.changes()]).toEqual([['cart', '["a","b","c"]']]);
  });

  it('show what an update stored, and keep what was pending beside it', () => {
    const fields = fieldsOf({ count: 1, name: 'x' });
    fields.get('count');
    fields.set('name', 'pending');
    fields.rebased(
      new Map([
        ['count', '2'],
        ['name', '"theirs"'],
      ]),
      new Map([
        ['count', '2'],
        ['name', '"theirs"'],
      ]),
    );
    expect(fields.get('count')).toBe(2);
    expect([...fields.changes()]).toEqual([['name', '"pending"']]);
  });

  it('are none when a value is broken inside lengths that fit, and say so', () => {
    const corrupt = vi.fn();
    const fields = ofPart({ fields: '{"a":xx,"b":1}', lengths: [3, 2, 3, 1] }, corrupt);
    expect(fields?.get('a')).toBeUndefined();
    expect(corrupt).toHaveBeenCalledOnce();
    expect(fields?.names()).toEqual([]);
  });

  it('are read whole when lengths fit by accident', () => {
    // `1,"b":2` taken for one value
    const fields = ofPart({ fields: '{"a":1,"b":2}', lengths: [3, 7] }, () => undefined);
    expect(fields?.get('a')).toBe(1);
    expect(fields?.get('b')).toBe(2);
  });

  it.each([
    ['a BigInt', 1n],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    [
      'a throwing toJSON',
      {
        toJSON: () => {
          throw new Error('no');
        },
      },
    ],
    [
      'a throwing getter',
      {
        get x(): never {
          throw new Error('no');
        },
      },
    ],
  ])('P12 refuse %s by the name of its field', (_what, value) => {
    const fields = Fields.empty();
    fields.set('odd', value);
    expect(() => fields.changes()).toThrow(expect.objectContaining({ code: 'session_not_serializable' }));
    expect(() => fields.changes()).toThrow(/"odd"/);
  });

  it('P12 refuse a cycle', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const fields = Fields.empty();
    fields.set('cycle', cycle);
    expect(() => fields.changes()).toThrow(/"cycle"/);
  });
});
