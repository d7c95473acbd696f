import { describe, expect, it } from 'vitest';
import { assertWhole } from './assert-whole.js';

describe('a number among the options of a store', () => {
  it.each([1, 7, 10])('may be %s, where 10 is the most', (value) => {
    expect(() => assertWhole('MyStore', 'sweepBatch', value, 10)).not.toThrow();
  });

  it.each([0, -1, 1.5, 11, Number.NaN, Number.POSITIVE_INFINITY])('may not be %s', (value) => {
    expect(() => assertWhole('MyStore', 'sweepBatch', value, 10)).toThrow(
      new RangeError(`MyStore cannot use sweepBatch: ${value}. Give a whole number from 1 to 10.`),
    );
  });
});
