import type { FieldChanges, FieldTexts } from './field-texts.js';
import type { Held } from './held.js';
import type { Principal } from './record.js';
import type { SessionIdentity } from './token.js';

/** What a new session starts with. */
export interface SessionDraft {
  readonly fields: FieldTexts;
  /** Milliseconds; the configured idle timeout when absent. */
  readonly idle?: number;
  readonly principal?: Principal;
  /** JSON text of our own; `{}` when absent. */
  readonly meta?: string;
}

/** What a request did to a session. */
export interface SessionChange {
  readonly fields: FieldChanges;
  readonly idle?: number;
  readonly meta?: string;
}

/**
 * Where a session lives: the seam between a request's session and the place that keeps it. A store-backed session and
 * one that is sealed in its own cookie are two implementations.
 *
 * Every method rejects with a SessionError when the place is in trouble.
 */
export interface SessionBackend {
  /** Draws the names of a session to be. */
  mint(): SessionIdentity;
  /** The session behind a token; undefined when there is none or its time is up. */
  open(identity: SessionIdentity): Promise<Held | undefined>;
  /** Makes a new session durable. */
  create(identity: SessionIdentity, draft: SessionDraft): Promise<Held>;
  /**
   * Puts changes on top of what is stored now and makes them durable. `changeOf` is asked for each attempt anew, with
   * the fields that are stored then.
   * Undefined when the session is gone: nothing is stored then, and nothing comes back to life.
   */
  commit(held: Held, changeOf: (current: FieldTexts) => SessionChange): Promise<Held | undefined>;
  /** Writes down when the session was seen, if it has not changed since. False when it has, or is gone. */
  touch(held: Held): Promise<boolean>;
  /** Ends a session for good. Answers it as it was then; undefined when it was gone already. */
  remove(held: Held): Promise<Held | undefined>;
}
