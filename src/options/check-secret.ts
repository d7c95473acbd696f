import { SessionOptionsError } from './session-options.error.js';

const LEAST_LENGTH = 32;
const LEAST_DISTINCT = 10;

/** Checks every secret, the old ones too: a cookie signed with a guessable one is a forged one. */
export function checkSecrets(value: unknown): readonly [string, ...string[]] {
  const [first, ...others] = Array.isArray(value) ? (value as unknown[]) : [value];
  return [checkSecret(first), ...others.map(checkSecret)];
}

function checkSecret(secret: unknown): string {
  if (typeof secret !== 'string' || secret === '') {
    throw fault('it is missing, or no text');
  }
  if (secret.length < LEAST_LENGTH) {
    throw fault(`it has ${secret.length} characters, at least ${LEAST_LENGTH} are needed`);
  }
  if (new Set(secret).size < LEAST_DISTINCT) {
    throw fault('it repeats a few characters and can be guessed');
  }
  return secret;
}

function fault(problem: string): SessionOptionsError {
  return new SessionOptionsError({
    option: 'secret',
    problem,
    fix: 'Make one with `openssl rand -base64 32` and give it by an environment variable.',
  });
}
