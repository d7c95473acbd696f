import { describe, expect, it } from 'vitest';
import { expiryOf, isExpired, isTouchDue, limitOf } from './lifetime.js';

const span = { lastSeenAt: 1_000, idle: 100, absoluteAt: 1_500 };

describe('P6 the end of a session', () => {
  it('is the idle limit or the absolute one, whichever comes first', () => {
    expect(expiryOf(span)).toBe(1_100);
    expect(expiryOf({ ...span, lastSeenAt: 1_450 })).toBe(1_500);
  });

  it('is on the millisecond, never late', () => {
    expect(isExpired(span, 1_099)).toBe(false);
    expect(isExpired(span, 1_100)).toBe(true);
  });

  it('takes an activity in the future for one now', () => {
    expect(isExpired({ ...span, lastSeenAt: 9_999 }, 1_000)).toBe(false);
    expect(isExpired({ ...span, lastSeenAt: 9_999 }, 1_500)).toBe(true);
  });

  it('is told by the limit that came first, however late it is noticed', () => {
    expect(limitOf(span, 1_100)).toBe('idle');
    expect(limitOf(span, 1_000_000)).toBe('idle');
    expect(limitOf({ ...span, lastSeenAt: 1_450 }, 1_500)).toBe('absolute');
    expect(limitOf({ ...span, lastSeenAt: 9_999 }, 1_500)).toBe('absolute');
  });

  it.each([
    { ...span, idle: Number.NaN },
    { ...span, absoluteAt: Number.NaN },
    { ...span, lastSeenAt: Number.NaN },
  ])('has come where a limit is no number', (broken) => {
    expect(isExpired(broken, 0)).toBe(true);
  });
});

describe('a touch', () => {
  it('is due after touchAfter and not before', () => {
    expect(isTouchDue(span, 50, 1_049)).toBe(false);
    expect(isTouchDue(span, 50, 1_050)).toBe(true);
  });

  it('is not due when the clock stepped back', () => {
    expect(isTouchDue(span, 50, 0)).toBe(false);
  });
});
