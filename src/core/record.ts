/** Makes a type of its own from a primitive one, so that a token is never taken for a session id. */
type Branded<Base, Name extends string> = Base & { readonly __brand: Name };

/** The secret the client holds: 32 random bytes as base64url, 43 characters. It is only ever in the cookie. */
export type Token = Branded<string, 'Token'>;

/** What a store is keyed by: base64url of the SHA-256 of the token. It is useless as a credential. */
export type SessionId = Branded<string, 'SessionId'>;

/** The public name of a session for lists, logs and revocation. It is random and tells nothing about the token. */
export type Handle = Branded<string, 'Handle'>;

/** A random 48-bit integer drawn for every write of a record; what compare-and-swap compares. */
export type Version = Branded<number, 'Version'>;

/** The id of who is logged in. Only `login()` sets it. */
export type Principal = Branded<string, 'Principal'>;

/** The layout this version of the package writes and understands. */
export const RECORD_FORMAT = 1;

/**
 * What a store keeps for one session id. A store treats all of it as opaque except `version`, `lastSeenAt` and
 * `expiresAt`, and gives back what it was given.
 *
 * All times are milliseconds since the epoch.
 */
export interface SessionRecord {
  /** Layout of the record. A store keeps it; a newer one than ours is trouble, never "corrupt". */
  readonly format: number;
  /** Drawn anew for each write, kept by the store as it is given. */
  readonly version: Version;
  /** The application's fields: the text of one JSON object. */
  readonly fields: string;
  /** Per field, in the order of the text: the length of the key's text and of the value's, in UTF-16 units. */
  readonly lengths: readonly number[];
  /** When the session was created. */
  readonly createdAt: number;
  /** The last activity that was written. */
  readonly lastSeenAt: number;
  /** The idle timeout of this session, in milliseconds. */
  readonly idle: number;
  /** When the session ends whatever happens. It never changes under one id. */
  readonly absoluteAt: number;
  /** The earlier of `lastSeenAt + idle` and `absoluteAt`; what an engine's own expiry goes by. */
  readonly expiresAt: number;
  /** Who is logged in. It never changes under one id. */
  readonly principal?: Principal;
  /** The public name, drawn at create. */
  readonly handle: Handle;
  /** Where the session went when its token was rotated; such a record has no fields. */
  readonly next?: SessionId;
  /** Text of a JSON object of our own: cookie attributes, when the user last authenticated. */
  readonly meta: string;
}
