import type { Duration } from './duration.js';
import type { Held } from './held.js';
import type { Lifetime } from './lifetime.js';
import type { CookieAttributes, DeviceNote } from './meta.js';
import type { LiveSession } from './live-session.js';
import type { LoginLifetime } from './login-lifetime.js';

/** What should become of the token the client holds. */
export type TokenReply =
  | { readonly kind: 'keep' }
  /** It is given this one. `replaced` is the session of the one it holds, where this request made that one void. */
  | { readonly kind: 'set'; readonly held: Held; readonly replaced: Held | undefined }
  /** It is taken away, for this request ended its session. */
  | { readonly kind: 'clear'; readonly ended: Held };

/** What a login starts its session with. */
export interface LoginDetail {
  /** Fields of the new session. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Names of fields that come along from the old session. */
  readonly keep?: readonly string[];
  /** What is noted about where it is used. */
  readonly device?: DeviceNote | undefined;
  /** The limits of its own, where they are not the configured ones. */
  readonly lifetime?: LoginLifetime;
  /** The limits that count where it has none of its own. */
  readonly usual?: Pick<Lifetime, 'idle' | 'absolute'>;
  /** The attributes of its cookie, given its idle timeout in milliseconds, where they are not the configured ones. */
  readonly cookieFor?: (idle: number) => CookieAttributes | undefined;
}

/** What a session is given when its user has proved who they are once more. */
export interface ConfirmDetail {
  /** Fields that fall away by themselves. */
  readonly elevate?: Readonly<Record<string, unknown>>;
  /** How long they last. */
  readonly for: Duration;
}

/** What a session that begins in a request starts with, where it is not what is configured. */
export interface NewSession {
  /** Milliseconds. */
  readonly idle?: number | undefined;
  /** What is noted about where it is used, if somebody is logged in by it. */
  readonly device?: DeviceNote | undefined;
}

/** Who is told what happens to a request's session, and asked what only the edge knows. */
export interface SessionListener {
  /** Regenerate, login or destroy put another session in the place of one. */
  switched(old: LiveSession): void;
  /** A session is about to begin. */
  begins(): NewSession;
  /** The record was read again. */
  reloaded(live: LiveSession): void;
  /**
   * A session that lives in its token has been given this one.
   *
   * @throws {SessionError} `session_too_large` when the client could not keep it
   */
  assertFits(held: Held): void;
}
