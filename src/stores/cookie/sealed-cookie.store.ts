import { type Sealer, SealedSessions } from '../../core/sealed-sessions.js';
import { JweSealer } from './jwe.sealer.js';

/**
 * Keeps each session in its own cookie, encrypted and authenticated (JWE, AES-256-GCM, by the package `jose`), and nowhere
 * else. The keys are derived from the option `secret`; of several the first seals and all of them open, so that it can be
 * changed without logging anybody out.
 *
 * For a few hundred bytes and where nothing has to be ended from the server: a copy of the cookie stays valid until its
 * idle or absolute timeout, also after `logout()`, and of two requests at once the one whose response comes last decides.
 * What does not fit into 4096 bytes is refused with `session_too_large`. Nothing can be changed once the response has begun.
 *
 * It is no {@link SessionStore}, and what needs one is refused: there is nothing on the server to list, limit or revoke.
 *
 * @example
 * SessionModule.forRoot({ secret: process.env.SESSION_SECRET, store: new SealedCookieStore() })
 *
 * @publicApi
 */
export class SealedCookieStore extends SealedSessions {
  /** What seals the sessions of one application. */
  sealer(secrets: readonly [string, ...string[]], name: string): Sealer {
    return new JweSealer(secrets, name);
  }
}
