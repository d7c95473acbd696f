import { SessionError } from './errors.js';
import { assertFieldName, type FieldAccess } from './field-object.js';
import { mergeFields, NO_FIELDS } from './field-texts.js';
import { Fields } from './fields.js';
import { type CookieAttributes, formatMeta, parseMeta, type SessionMeta } from './meta.js';
import type { Held } from './held.js';
import type { SessionChange } from './session-backend.js';
import type { SessionIdentity } from './token.js';

/** Why a session cannot be written any more. */
export type Ended = 'closed' | 'destroyed' | 'replaced';

/**
 * One session as one request sees it: what is stored of it, its fields, and what was done to them. `regenerate()` and
 * `login()` put a new one in its place; the old one stays readable.
 */
export class LiveSession implements FieldAccess {
  #fields: Fields;
  #held: Held | undefined;
  #identity: SessionIdentity | undefined;
  #meta: SessionMeta | undefined;
  #chosenCookie: { readonly attributes: CookieAttributes | undefined } | undefined;
  #idle: number | undefined;
  /** Set when it takes no more writes. */
  ended: Ended | undefined;
  /** Set when another request ended the session while this one ran: changes are dropped. */
  isGone = false;

  private constructor(
    private readonly mint: () => SessionIdentity,
    held?: Held,
  ) {
    this.#held = held;
    this.#fields = Fields.empty();
  }

  /** A session that does not exist yet. */
  static fresh(mint: () => SessionIdentity): LiveSession {
    return new LiveSession(mint);
  }

  /** A session that is stored; undefined when its record is corrupt. */
  static stored(mint: () => SessionIdentity, held: Held): LiveSession | undefined {
    const session = new LiveSession(mint, held);
    return session.reset(held) ? session : undefined;
  }

  /** What is stored of it; undefined while it is new. */
  get held(): Held | undefined {
    return this.#held;
  }

  get identity(): SessionIdentity {
    return this.#held ?? (this.#identity ??= this.mint());
  }

  get meta(): SessionMeta {
    return (this.#meta ??= parseMeta(this.#held?.record.meta ?? '{}'));
  }

  get fields(): Fields {
    return this.#fields;
  }

  /** Starts over from a record. False when it is corrupt. */
  reset(held: Held): boolean {
    const fields = held.texts && Fields.ofRecord(held.texts, held.record, () => this.#forget());
    if (fields === undefined) {
      return false;
    }
    this.#held = held;
    this.#fields = fields;
    this.#meta = undefined;
    this.#chosenCookie = undefined;
    this.#idle = undefined;
    return true;
  }

  get(name: string): unknown {
    return this.#fields.get(name);
  }

  has(name: string): boolean {
    return this.#fields.has(name);
  }

  names(): string[] {
    return this.#fields.names();
  }

  set(name: string, value: unknown): void {
    this.assertWritable();
    assertFieldName(name);
    this.#fields.set(name, value);
  }

  delete(name: string): void {
    this.assertWritable();
    this.#fields.delete(name);
  }

  replaceAll(values: Readonly<Record<string, unknown>>): void {
    this.assertWritable();
    for (const name of Object.keys(values)) {
      assertFieldName(name);
    }
    this.#fields.replaceAll(values);
  }

  /** Lets a function change a copy of a new session's fields: when it throws, they are as they were. */
  updateNew<R>(update: (copy: Fields) => R): R {
    const copy = Fields.ofTexts(mergeFields(NO_FIELDS, this.#fields.changes()));
    const result = update(copy);
    for (const name of copy.changes().keys()) {
      if (copy.has(name)) {
        this.#fields.set(name, copy.get(name));
      } else {
        this.#fields.delete(name);
      }
    }
    return result;
  }

  /** Some of its fields, by name; names that it does not have are left out. */
  pick(names: readonly string[]): Record<string, unknown> {
    return Object.fromEntries(names.filter((name) => this.has(name)).map((name) => [name, this.get(name)]));
  }

  /** The session's own cookie attributes, or undefined for the configured ones; `idle` is what follows for its lifetime. */
  chooseCookie(attributes: CookieAttributes | undefined, idle: number | undefined): void {
    this.#chosenCookie = { attributes };
    this.#idle = idle;
  }

  /** The cookie attributes that go with the session as it is now. */
  get cookie(): CookieAttributes | undefined {
    return this.#chosenCookie === undefined ? this.meta.cookie : this.#chosenCookie.attributes;
  }

  /** What there is to store. */
  change(): SessionChange {
    const fields = this.#fields.changes();
    const meta = this.#changedMeta();
    return {
      fields,
      ...(meta === undefined ? {} : { meta }),
      ...(this.#idle === undefined ? {} : { idle: this.#idle }),
    };
  }

  /** Whether a change would do nothing to what is stored. */
  isUnchangedBy(change: SessionChange): boolean {
    const record = this.#held?.record;
    return (
      change.fields.size === 0 &&
      (change.meta === undefined || change.meta === (record?.meta ?? '{}')) &&
      (change.idle === undefined || change.idle === record?.idle)
    );
  }

  /** Takes note that a change is stored. */
  settle(held: Held, change: SessionChange): void {
    this.#keep(held);
    this.#fields.stored(change.fields, held.texts ?? NO_FIELDS);
  }

  /** Takes note that a change which was not among the pending ones is stored. */
  rebase(held: Held, change: SessionChange): void {
    this.#keep(held);
    this.#fields.rebased(change.fields, held.texts ?? NO_FIELDS);
  }

  /** What a write after the response is answered with. */
  static closedError(): SessionError {
    return ENDED.closed();
  }

  /** @throws {SessionError} when the session takes no more writes */
  assertWritable(): void {
    if (this.ended !== undefined) {
      throw ENDED[this.ended]();
    }
  }

  /** The same for an operation that was started while it still did. */
  assertAlive(): void {
    if (this.ended !== 'closed') {
      this.assertWritable();
    }
  }

  #keep(held: Held): void {
    this.#held = held;
    this.#meta = undefined;
  }

  #changedMeta(): string | undefined {
    if (this.#chosenCookie === undefined) {
      return undefined;
    }
    const { cookie: _, ...others } = this.meta;
    const { attributes } = this.#chosenCookie;
    return formatMeta(attributes === undefined ? others : { ...others, cookie: attributes });
  }

  /** The record turned out to be corrupt: the client is anonymous and starts with a new token. */
  #forget(): void {
    this.#held = undefined;
    this.#meta = undefined;
  }
}

const ENDED: Record<Ended, () => SessionError> = {
  closed: () =>
    new SessionError('session_closed', {
      what: 'The session was written to after the response had ended; the change would be lost.',
      fix: 'Change the session before the response is sent, and await what you do with it.',
    }),
  destroyed: () =>
    new SessionError('session_ended', {
      what: 'The session was destroyed in this request.',
      fix: 'Begin a new one with regenerate() or login().',
    }),
  replaced: () =>
    new SessionError('session_ended', {
      what: 'This object belongs to the session that regenerate() or login() replaced.',
      fix: 'Use the new req.session, or SessionService, which always means the current one.',
    }),
};
