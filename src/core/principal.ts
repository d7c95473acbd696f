import { SessionError } from './errors.js';
import type { Principal } from './record.js';

/** The longest principal, in UTF-16 units: every engine can index it. */
const MAX_LENGTH = 255;

/**
 * Checks who is to be logged in.
 *
 * @throws {SessionError} `session_invalid_principal`
 */
export function parsePrincipal(value: unknown): Principal {
  if (!isPrincipal(value)) {
    throw new SessionError('session_invalid_principal', {
      what:
        'The principal given to login(), or told by auth.principal, is not a text of 1 to 255 characters without control ' +
        'characters and lone surrogates.',
      fix: 'Give the id of the user as a string, e.g. String(user.id).',
    });
  }
  return value;
}

function isPrincipal(value: unknown): value is Principal {
  return (
    typeof value === 'string' &&
    value !== '' &&
    value.length <= MAX_LENGTH &&
    !/\p{Cc}|\p{Surrogate}/u.test(value)
  );
}
