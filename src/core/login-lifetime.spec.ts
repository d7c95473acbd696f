import { describe, expect, it } from 'vitest';
import { durationOf, lifetimeOfLogin, LONGEST_LIFETIME } from './login-lifetime.js';

const usual = { idle: 1_000, absolute: 10_000 };

describe('lifetimeOfLogin()', () => {
  it.each([
    [{}, { idle: 1_000, absolute: 10_000 }],
    [{ idleTimeout: 5_000 }, { idle: 5_000, absolute: 10_000 }],
    [{ absoluteTimeout: '1h' }, { idle: 1_000, absolute: 3_600_000 }],
    // The usual idle timeout is no reason to refuse a short session.
    [{ absoluteTimeout: 500 }, { idle: 500, absolute: 500 }],
    [
      { idleTimeout: 500, absoluteTimeout: 500 },
      { idle: 500, absolute: 500 },
    ],
  ])('of %j is %j', (given, expected) => {
    expect(lifetimeOfLogin(given, usual)).toEqual(expected);
  });

  it.each([{ idleTimeout: 10_001 }, { idleTimeout: 2, absoluteTimeout: 1 }])('refuses %j', (given) => {
    expect(() => lifetimeOfLogin(given, usual)).toThrow(/always end the session first/);
  });
});

describe('durationOf()', () => {
  it('takes milliseconds and texts, up to a hundred years', () => {
    expect([durationOf('for', 1), durationOf('for', '10m'), durationOf('for', LONGEST_LIFETIME)]).toEqual([
      1,
      600_000,
      LONGEST_LIFETIME,
    ]);
  });

  it.each([
    0,
    0.4,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    LONGEST_LIFETIME + 1,
    'soon',
    '',
    '-5m',
    null,
    {},
  ])('refuses %j by name', (value) => {
    expect(() => durationOf('for', value)).toThrow(/given as for is no duration/);
  });
});
