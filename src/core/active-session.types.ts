import type { Held } from './held.js';
import type { LiveSession } from './live-session.js';

/** What should become of the token the client holds. */
export type TokenReply =
  { readonly kind: 'keep' } | { readonly kind: 'set'; readonly held: Held } | { readonly kind: 'clear' };

/** What a login starts its session with. */
export interface LoginDetail {
  /** Fields of the new session. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Names of fields that come along from the old session. */
  readonly keep?: readonly string[];
}

/** Who is told what happens to a request's session, and asked what only the edge knows. */
export interface SessionListener {
  /** Regenerate, login or destroy put another session in the place of one. */
  switched(old: LiveSession): void;
  /** The record was read again. */
  reloaded(live: LiveSession): void;
}
