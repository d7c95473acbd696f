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
 * - `replaced`: by `login()` or `regenerate()`, or a user put into it (`auth.principal`), which began another one in its place.
 * - `revoked`: by the registry.
 * - `evicted`: by a login that went beyond `maxSessions`, or by a memory store that is full.
 * - `idle`, `absolute`: by one of its limits.
 *
 * @publicApi
 */
export type EndReason = 'logout' | 'replaced' | 'revoked' | 'evicted' | 'idle' | 'absolute';

/**
 * A session began, logged in or not: it is stored.
 *
 * @publicApi
 */
export interface SessionStarted extends OfSession {
  readonly type: 'started';
}

/**
 * A session began with somebody logged in by it; it follows on `started`.
 *
 * @publicApi
 */
export interface SessionLogin extends OfSession {
  readonly type: 'login';
  readonly principal: Principal;
}

/**
 * A session got another token, by `confirm()` or `renewAfter`.
 *
 * @publicApi
 */
export interface SessionRenewed extends OfSession {
  readonly type: 'renewed';
}

/**
 * A session ended; whoever ended it tells, once.
 *
 * @publicApi
 */
export interface SessionEnded extends OfSession {
  readonly type: 'ended';
  readonly reason: EndReason;
}

/**
 * A change was dropped because the session had ended while the request ran.
 *
 * @publicApi
 */
export interface SessionLostWrite extends OfSession {
  readonly type: 'lost-write';
}

/**
 * A token that was replaced long ago was brought and refused: somebody may have stolen it. The session goes on.
 *
 * @publicApi
 */
export interface SessionTokenReused extends OfSession {
  readonly type: 'token-reused';
}

/**
 * What the application can be told about its sessions. Events hold the public name of the session and who is logged in by it,
 * never a token, a session id or fields.
 *
 * @publicApi
 */
export type SessionEvent =
  SessionStarted | SessionLogin | SessionRenewed | SessionEnded | SessionLostWrite | SessionTokenReused;

/**
 * The kinds of events.
 *
 * @publicApi
 */
export type SessionEventType = SessionEvent['type'];

/**
 * The event of a type; of several types, any of theirs.
 *
 * @publicApi
 */
export type SessionEventOf<Type extends SessionEventType> = Extract<SessionEvent, { readonly type: Type }>;

/** Every type there is. */
const TYPES: Readonly<Record<SessionEventType, true>> = {
  started: true,
  login: true,
  renewed: true,
  ended: true,
  'lost-write': true,
  'token-reused': true,
};

/** Whether a value names a type of events; plain JavaScript may ask for any. */
export function isEventType(value: unknown): value is SessionEventType {
  return typeof value === 'string' && Object.hasOwn(TYPES, value);
}

/** Takes an event; it never throws. */
export type Emit = (event: SessionEvent) => void;

/** The part of an event that says whose session it is about. */
export function about({ handle, principal }: OfSession): OfSession {
  return principal === undefined ? { handle } : { handle, principal };
}
