import { SessionError } from './errors.js';
import type { Token } from './record.js';

/** Seals texts into tokens that only the application can read or make, and opens them again. */
export interface Sealer {
  /**
   * Gets ready, at boot.
   *
   * @throws {StoreSetupError} when that cannot be
   */
  open(): Promise<void>;
  /** Whether a text has the form of such a token. It is cheap: what is not even that costs no cryptography. */
  isToken(text: string): text is Token;
  /** Encrypts and authenticates a text. */
  seal(text: string): Promise<Token>;
  /** The text in a token; undefined when it was not sealed with one of the secrets, for this cookie, or was changed since. */
  unseal(token: Token): Promise<string | undefined>;
}

/**
 * Sessions that live in their own cookie, sealed, instead of in a store: what the option `store` can be beside a
 * {@link SessionStore}. `SealedCookieStore` from `nest-sessions/cookie` is one.
 *
 * @publicApi
 */
export abstract class SealedSessions {
  /**
   * What seals the sessions of one application.
   *
   * @param secrets the first seals, all of them open
   * @param name of the cookie: what was sealed for another one is not opened
   */
  abstract sealer(secrets: readonly [string, ...string[]], name: string): Sealer;
}

/** Browsers keep no larger cookie, its name and attributes included (RFC 6265bis 5.6 allows 4096 for name and value alone). */
export const MOST_COOKIE_BYTES = 4096;

/** The cookie that a session lives in would not be kept. */
export function tooLargeForCookie(bytes: number): SessionError {
  return new SessionError('session_too_large', {
    what:
      `The session's cookie would take ${bytes} bytes with its name and attributes, more than the ` +
      `${MOST_COOKIE_BYTES} that browsers keep.`,
    fix: 'Keep less in the session, or choose a store; the session is as it was.',
  });
}
