import { describe, expect, it } from 'vitest';
import { quoteTableName } from './sql-name.js';

describe('quoteTableName', () => {
  it.each([
    [{ table: 'sessions', schema: undefined }, '"sessions"'],
    [{ table: 'My "own"', schema: 'a.b' }, '"a.b"."My ""own"""'],
    [{ table: 'x'.repeat(63), schema: undefined }, `"${'x'.repeat(63)}"`],
  ])('quotes %j', (name, quoted) => {
    expect(quoteTableName(name)).toBe(quoted);
  });

  it.each(['', 'x'.repeat(64), 'ü'.repeat(32), 'a\0b', '\uD800'])(
    'refuses %j, which PostgreSQL would cut off or not have',
    (name) => {
      expect(() => quoteTableName({ table: name, schema: undefined })).toThrow(/cannot use table: "/);
      expect(() => quoteTableName({ table: 't', schema: name })).toThrow(/cannot use schema: "/);
    },
  );
});
