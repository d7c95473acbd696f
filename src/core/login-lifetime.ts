import { type Duration, parseDuration } from './duration.js';
import { SessionError } from './errors.js';
import type { Lifetime } from './lifetime.js';

/** Milliseconds in a hundred years: what ends later is beyond what dates and cookies can hold before long. */
export const LONGEST_LIFETIME = 3_155_760_000_000;

/** What a login may say about how long its session lasts. */
export interface LoginLifetime {
  readonly idleTimeout?: Duration | undefined;
  readonly absoluteTimeout?: Duration | undefined;
}

/**
 * The limits of a login's session, in milliseconds: its own, else the usual ones.
 *
 * @throws {SessionError} `session_invalid_lifetime`
 */
export function lifetimeOfLogin(
  { idleTimeout, absoluteTimeout }: LoginLifetime,
  usual: Pick<Lifetime, 'idle' | 'absolute'>,
): Pick<Lifetime, 'idle' | 'absolute'> {
  const absolute =
    absoluteTimeout === undefined ? usual.absolute : durationOf('absoluteTimeout', absoluteTimeout);
  const idle =
    idleTimeout === undefined ? Math.min(usual.idle, absolute) : durationOf('idleTimeout', idleTimeout);
  if (idle > absolute) {
    throw new SessionError('session_invalid_lifetime', {
      what: `The idleTimeout given to login() is ${idle} ms, longer than the absoluteTimeout of ${absolute} ms, which would always end the session first.`,
      fix: 'Shorten the one or lengthen the other.',
    });
  }
  return { idle, absolute };
}

/**
 * The milliseconds of a duration that was given to a method.
 *
 * @throws {SessionError} `session_invalid_lifetime`
 */
export function durationOf(name: string, value: unknown): number {
  const parsed = parseDuration(value);
  if (parsed === undefined || !(parsed >= 1 && parsed <= LONGEST_LIFETIME)) {
    throw new SessionError('session_invalid_lifetime', {
      what: `What was given as ${name} is no duration from 1 ms to a hundred years.`,
      fix: "Give milliseconds, or a text such as '30m' or '12h'.",
    });
  }
  return Math.round(parsed);
}
