import type { Handle, Principal } from './record.js';

/** Whose session an event is about, by what is no credential. */
interface OfSession {
  /** The public name of the session. */
  readonly handle: Handle;
  /** Who is logged in by it; undefined for a visitor. */
  readonly principal?: Principal | undefined;
}

/**
 * Why a session ended.
 *
 * - `logout`: by `logout()` or `destroy()`, or when its user was taken out of it, as Passport does.
 * - `replaced`: by `login()` or `regenerate()`, which began another one in its place.
 * - `revoked`: by the registry.
 * - `evicted`: by a login that went beyond `maxSessions`.
 * - `idle`, `absolute`: by one of its limits.
 */
export type EndReason = 'logout' | 'replaced' | 'revoked' | 'evicted' | 'idle' | 'absolute';

/** A session began, logged in or not. */
export interface SessionStarted extends OfSession {
  readonly type: 'started';
}

/** Somebody logged in. */
export interface SessionLogin extends OfSession {
  readonly type: 'login';
  readonly principal: Principal;
}

/** A session got another token. */
export interface SessionRenewed extends OfSession {
  readonly type: 'renewed';
}

/** A session ended. */
export interface SessionEnded extends OfSession {
  readonly type: 'ended';
  readonly reason: EndReason;
}

/** A change was dropped because another request had ended the session. */
export interface SessionLostWrite extends OfSession {
  readonly type: 'lost-write';
}

/** A token that was replaced long ago was brought and refused: somebody may have stolen it. */
export interface SessionTokenReused extends OfSession {
  readonly type: 'token-reused';
}

/** What the application can be told about its sessions. */
export type SessionEvent =
  SessionStarted | SessionLogin | SessionRenewed | SessionEnded | SessionLostWrite | SessionTokenReused;

/** Takes an event; it never throws. */
export type Emit = (event: SessionEvent) => void;

/** The part of an event that says whose session it is about. */
export function about({ handle, principal }: OfSession): OfSession {
  return principal === undefined ? { handle } : { handle, principal };
}
