import type { FieldChanges, FieldTexts } from './field-texts.js';
import type { Held } from './held.js';
import type { Handle, Principal, SessionId, Token } from './record.js';
import type { SessionIdentity } from './token.js';

/** What a client presents. */
export interface PresentedToken {
  readonly token: Token;
  /** The session id, where it follows from the token alone. */
  readonly id?: SessionId | undefined;
  /** More tokens of the same request, where only opening them tells which one counts. */
  readonly others?: readonly Token[];
}

/** What a new session starts with. */
export interface SessionDraft {
  readonly fields: FieldTexts;
  /** Milliseconds; the configured idle timeout when absent. */
  readonly idle?: number;
  readonly principal?: Principal;
  /** JSON text of our own; `{}` when absent. */
  readonly meta?: string;
  /** The public name; drawn when absent. */
  readonly handle?: Handle;
  /** The session of the same principal that ends when this one has begun. */
  readonly replaces?: SessionId;
}

/** What a request did to a session. */
export interface SessionChange {
  readonly fields: FieldChanges;
  readonly idle?: number;
  readonly meta?: string;
}

/**
 * Where a session lives: the seam between a request's session and the place that keeps it. A store-backed session
 * (`StoreBackend`) and one that is sealed in its own cookie (`SealedBackend`) are two implementations.
 *
 * Every method rejects with a SessionError when the place is in trouble.
 */
export interface SessionBackend {
  /**
   * Whether the token is the session itself. Then each change makes a new token, which has to reach the client: nothing
   * can be changed once the response's head is out.
   */
  readonly livesInToken: boolean;
  /** Draws the names of a session to be. */
  mint(): SessionIdentity;
  /** The session behind a token; undefined when there is none or its time is up. */
  open(presented: PresentedToken): Promise<Held | undefined>;
  /** Makes a new session durable. */
  create(identity: SessionIdentity, draft: SessionDraft): Promise<Held>;
  /**
   * Puts changes on top of what is stored now and makes them durable. `changeOf` is asked for each attempt anew, with
   * the fields that are stored then.
   * Undefined when the session is gone: nothing is stored then, and nothing comes back to life.
   */
  commit(held: Held, changeOf: (current: FieldTexts) => SessionChange): Promise<Held | undefined>;
  /**
   * Writes down when the session was seen, if it has not changed since, and answers it; undefined when it has, or is
   * gone. Where the token stays the same, so may the answer.
   */
  touch(held: Held): Promise<Held | undefined>;
  /** Ends a session for good. Answers it as it was then; undefined when it was gone already. */
  remove(held: Held): Promise<Held | undefined>;
}
