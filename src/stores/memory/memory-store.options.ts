import type { Clock } from '../../core/clock.js';
import { LONGEST_TIMER } from '../../core/longest-timer.js';

/**
 * How much a {@link MemorySessionStore} may hold and how it forgets.
 *
 * @publicApi
 */
export interface MemorySessionStoreOptions {
  /**
   * Sessions kept at most. One more evicts what expires first. `Infinity` lifts this limit.
   *
   * @default 100_000
   */
  readonly maxSessions?: number | undefined;

  /**
   * Bytes of heap that the sessions may take, by an estimate per record. What exceeds it evicts what expires first.
   * `Infinity` lifts this limit.
   *
   * @default 67_108_864 (64 MiB)
   */
  readonly maxBytes?: number | undefined;

  /**
   * Milliseconds between two removals of expired sessions. The timer starts with the first session and keeps no
   * process alive.
   *
   * @default 60_000
   */
  readonly sweepInterval?: number | undefined;

  /**
   * Where the time comes from.
   *
   * @default the machine's clock
   */
  readonly clock?: Clock | undefined;
}

/** @throws RangeError when a limit is no whole number of at least 1, or `Infinity`. */
export function assertLimit(name: 'maxSessions' | 'maxBytes', value: number): void {
  if (value !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(value) && value >= 1)) {
    throw new RangeError(
      `MemorySessionStore cannot use ${name}: ${value}. Give a whole number of at least 1, or Infinity for no limit.`,
    );
  }
}

/** @throws RangeError when a timer could not wait that long. */
export function assertSweepInterval(value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 1 && value <= LONGEST_TIMER)) {
    throw new RangeError(
      `MemorySessionStore cannot use sweepInterval: ${value}. Give whole milliseconds from 1 to ${LONGEST_TIMER}.`,
    );
  }
}
