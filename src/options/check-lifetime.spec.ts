import { describe, expect, it } from 'vitest';
import { checkLifetime, checkRemember } from './check-lifetime.js';

const DAY = 86_400_000;
const options = { secret: undefined };

describe('checkRemember()', () => {
  it.each([
    [{}, { idle: 30 * DAY, absolute: 90 * DAY }],
    [{ absoluteTimeout: '7d' }, { idle: 7 * DAY, absolute: 7 * DAY }],
    [{ idleTimeout: '60d' }, { idle: 60 * DAY, absolute: 90 * DAY }],
  ])('of %j is %j', (given, expected) => {
    expect(checkRemember(given)).toEqual(expected);
  });

  it.each<[object, RegExp]>([
    [{ idleTimeout: '91d' }, /remember\.idleTimeout.*longer/],
    [{ idleTimeout: -1 }, /remember\.idleTimeout/],
    [{ absoluteTimeout: 9e15 }, /remember\.absoluteTimeout/],
    [{ idle: 1 }, /no such option/],
  ])('refuses %j', (given, problem) => {
    expect(() => checkRemember(given)).toThrow(problem);
  });
});

describe('checkLifetime()', () => {
  it('refuses what ends later than dates can tell', () => {
    expect(() => checkLifetime({ ...options, absoluteTimeout: 9e15 }, null)).toThrow(/absoluteTimeout/);
  });
});
