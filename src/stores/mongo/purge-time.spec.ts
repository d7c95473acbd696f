import { describe, expect, it, vi } from 'vitest';
import { fakeClock } from '../../testing/fake-clock.js';
import { purgeTime } from './purge-time.js';

const MARGIN = 10 * 60_000;

describe('when MongoDB may delete a session', () => {
  it('is counted from now by the server’s kind of clock, whatever the store’s own shows', () => {
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    try {
      for (const now of [1_000_000_000_000, 1_800_000_000_000, 2_500_000_000_000]) {
        const clock = fakeClock(now);
        expect(purgeTime(now + 5_000, clock).getTime()).toBe(1_800_000_005_000 + MARGIN);
        expect(purgeTime(now - 5_000, clock).getTime()).toBe(1_800_000_000_000 + MARGIN);
      }
      expect(purgeTime(8_640_000_000_000_000, fakeClock()).getTime()).toBe(8_640_000_000_000_000);
    } finally {
      vi.useRealTimers();
    }
  });
});
