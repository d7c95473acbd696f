import type { Clock } from '../core/clock.js';

/**
 * A clock that stands still until the test moves it.
 *
 * @publicApi
 */
export interface FakeClock extends Clock {
  /** Moves the clock on by so many milliseconds. */
  advance(milliseconds: number): void;
  /** Sets the clock to a time, in milliseconds since the epoch. */
  set(time: number): void;
}

/**
 * Makes a clock that stands still until the test moves it.
 *
 * @param start Milliseconds since the epoch; by default 2026-01-01T00:00:00Z.
 *
 * @example
 * const clock = fakeClock();
 * const store = new MemorySessionStore({ clock });
 * clock.advance(30 * 60_000);
 *
 * @publicApi
 */
export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  return {
    now: () => now,
    advance(milliseconds) {
      now += milliseconds;
    },
    set(time) {
      now = time;
    },
  };
}
