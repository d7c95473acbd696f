import { GRACE, type Lifetime } from '../core/lifetime.js';
import { LONGEST_LIFETIME } from '../core/login-lifetime.js';
import { checkDuration, checkNames, checkObject } from './check.js';
import { SessionOptionsError } from './session-options.error.js';
import type { SessionOptions, SessionRememberOptions } from './session.options.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const DEFAULTS = {
  idleTimeout: 30 * MINUTE,
  absoluteTimeout: 12 * HOUR,
  /** `touchAfter` as a part of the idle timeout. */
  touchShare: 10,
  remember: { idleTimeout: 30 * DAY, absoluteTimeout: 90 * DAY },
} as const;

/** A token must not be replaced before the one before it has had its time. */
const LEAST_RENEWAL = 2 * GRACE;

/** The limits of a session, checked against each other. */
export function checkLifetime(options: SessionOptions, maxAge: number | null): Lifetime {
  const absolute = checkDuration('absoluteTimeout', options.absoluteTimeout ?? DEFAULTS.absoluteTimeout, {
    most: LONGEST_LIFETIME,
  });
  const idle = checkDuration(
    'idleTimeout',
    options.idleTimeout ?? Math.min(maxAge ?? DEFAULTS.idleTimeout, absolute),
  );
  assertOrdered('', idle, absolute);
  const touchAfter = checkDuration(
    'touchAfter',
    options.touchAfter ?? Math.round(idle / DEFAULTS.touchShare),
    { least: 0 },
  );
  if (touchAfter >= idle) {
    throw new SessionOptionsError({
      option: 'touchAfter',
      problem: `${touchAfter} ms is not shorter than idleTimeout (${idle} ms): active sessions would end`,
      fix: 'Leave it out, or give a fraction of idleTimeout.',
    });
  }
  const renewAfter =
    options.renewAfter === undefined
      ? undefined
      : checkDuration('renewAfter', options.renewAfter, { least: LEAST_RENEWAL });
  return { idle, absolute, touchAfter, renewAfter };
}

/** The limits of sessions that are to be remembered. */
export function checkRemember(remember: SessionRememberOptions): Pick<Lifetime, 'idle' | 'absolute'> {
  checkObject('remember', remember);
  checkNames('remember', remember, ['idleTimeout', 'absoluteTimeout']);
  const absolute = checkDuration(
    'remember.absoluteTimeout',
    remember.absoluteTimeout ?? DEFAULTS.remember.absoluteTimeout,
    { most: LONGEST_LIFETIME },
  );
  const idle = checkDuration(
    'remember.idleTimeout',
    remember.idleTimeout ?? Math.min(DEFAULTS.remember.idleTimeout, absolute),
  );
  assertOrdered('remember.', idle, absolute);
  return { idle, absolute };
}

/** @throws {SessionOptionsError} where the idle timeout could never end a session */
function assertOrdered(of: '' | 'remember.', idle: number, absolute: number): void {
  if (idle > absolute) {
    throw new SessionOptionsError({
      option: `${of}idleTimeout`,
      problem: `${idle} ms is longer than ${of}absoluteTimeout (${absolute} ms), which would always end the session first`,
      fix: `Shorten ${of}idleTimeout or lengthen ${of}absoluteTimeout.`,
    });
  }
}
