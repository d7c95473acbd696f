import type { Clock } from '../../core/clock.js';
import type { Lifetime } from '../../core/lifetime.js';
import type { CookieAttributes } from '../../core/meta.js';
import type { RandomSource } from '../../core/token.js';

/** What the adapter has to know of the sessions whose records it keeps in a store that knows nothing of them. */
export interface ExpressStoreOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** The limits of a session that express-session began. */
  readonly lifetime: Lifetime;
  /** Milliseconds after which the calls for an id no longer wait for one that is not answered. */
  readonly operationTimeout: number;
  /**
   * The attributes of a session's cookie where it has none of its own, so that express-session can read what was written here;
   * `secure` and `sameSite` are left out where each request decides.
   * @default those of express-session
   */
  readonly cookie?: CookieAttributes | undefined;
}
