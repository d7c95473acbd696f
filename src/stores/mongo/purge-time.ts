import type { Clock } from '../../core/clock.js';

/**
 * Milliseconds between the end of a session and its deletion by MongoDB, whose clock may be ahead of ours. Until then
 * core finds the session expired and removes it itself.
 */
const MARGIN = 10 * 60_000;

/** The latest time that a Date can hold. */
const END_OF_TIME = 8_640_000_000_000_000;

/**
 * When MongoDB may delete a session. It goes by the server's clock, so the time that is left by the store's clock is
 * counted from now by the machine's.
 */
export function purgeTime(expiresAt: number, clock: Clock): Date {
  const left = Math.max(0, expiresAt - clock.now());
  return new Date(Math.min(Date.now() + left + MARGIN, END_OF_TIME));
}
