/** What is wrong with one option. */
export interface OptionFault {
  /** The option's path, e.g. `cookie.sameSite`. */
  readonly option: string;
  /** What it is and why that cannot be. Never holds a secret. */
  readonly problem: string;
  /** What to write instead. */
  readonly fix: string;
}

/**
 * Thrown at boot for options that would make sessions insecure or mean nothing.
 *
 * @publicApi
 */
export class SessionOptionsError extends Error {
  override readonly name = 'SessionOptionsError';
  /** Stable code of this error. */
  readonly code = 'session_options_invalid';
  /** Path of the option at fault. */
  readonly option: string;

  constructor({ option, problem, fix }: OptionFault) {
    super(`Session option "${option}": ${problem}. ${fix}`);
    this.option = option;
  }
}
