import type { FieldChanges, FieldTexts } from './field-texts.js';
import type { Held } from './held.js';
import type { MetaChange, SessionMeta } from './meta.js';
import type { Handle, Principal, SessionId, SessionRecord, Token } from './record.js';
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
  /** Milliseconds; the configured absolute timeout when absent. */
  readonly absolute?: number;
  readonly principal?: Principal;
  readonly meta?: SessionMeta;
  /** The public name; drawn when absent. */
  readonly handle?: Handle;
  /** The session of the same principal that ends when this one has begun. */
  readonly replaces?: Handle;
}

/** What a request did to a session. */
export interface SessionChange {
  readonly fields: FieldChanges;
  readonly idle?: number;
  readonly meta?: MetaChange;
  /** Whether somebody else did it, so that it is no activity of the session. */
  readonly isForeign?: boolean;
}

/** What a change of fields is made from: what is stored then. */
export type ChangeOf = (current: FieldTexts, record: SessionRecord) => SessionChange;

/**
 * What became of a rotation: the session with its new token; or it is gone; or another request was faster, and the session
 * is found through the token it had.
 */
export type Rotated = Held | 'gone' | 'overtaken';

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
  /**
   * The session that a request has, as it is stored now; undefined when it is gone. The activity stays dated as it was: a stream
   * that reads its session again does not keep it alive.
   */
  reopen(held: Held): Promise<Held | undefined>;
  /** Makes a new session durable. */
  create(identity: SessionIdentity, draft: SessionDraft): Promise<Held>;
  /**
   * Puts changes on top of what is stored now and makes them durable. `changeOf` is asked for each attempt anew, with
   * the fields that are stored then.
   * Undefined when the session is gone: nothing is stored then, and nothing comes back to life.
   */
  commit(held: Held, changeOf: ChangeOf): Promise<Held | undefined>;
  /**
   * Writes down when the session was seen, if it has not changed since, and answers it; undefined when it has, or is
   * gone. Where the token stays the same, so may the answer.
   */
  touch(held: Held): Promise<Held | undefined>;
  /**
   * Gives a session another token, and stores a change with it. Requests that bring the former token still find the session
   * until the new one was seen and a short time has passed. Its limits stay.
   */
  rotate(held: Held, identity: SessionIdentity, change?: SessionChange): Promise<Rotated>;
  /** Ends a session for good. Answers it as it was then; undefined when it was gone already. */
  remove(held: Held): Promise<Held | undefined>;
}
