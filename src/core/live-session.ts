import { type Ended, ENDED } from './ended.js';
import type { SessionError } from './errors.js';
import { type FieldAccess, isReservedName, reservedName } from './field-object.js';
import { type FieldTexts, mergeFields, NO_FIELDS } from './field-texts.js';
import { Fields } from './fields.js';
import {
  changeMeta,
  type CookieAttributes,
  cookieOf,
  isElevated,
  type MetaChange,
  parseMeta,
  type SessionMeta,
} from './meta.js';
import type { Held } from './held.js';
import type { Handle, Principal } from './record.js';
import type { SessionChange } from './session-backend.js';
import type { SessionEngine } from './session-engine.js';
import type { SessionIdentity } from './token.js';

/**
 * One session as one request sees it: what is stored of it, its fields, and what was done to them. `regenerate()` and
 * `login()` put a new one in its place; the old one stays readable.
 */
export class LiveSession implements FieldAccess {
  #fields: Fields;
  #held: Held | undefined;
  #identity: SessionIdentity | undefined;
  #meta: SessionMeta | undefined;
  #chosenCookie: CookieAttributes | undefined;
  #idle: number | undefined;
  /** Set when it takes no more writes. */
  ended: Ended | undefined;
  /** Set when another request ended the session while this one ran: changes are dropped. */
  isGone = false;

  private constructor(
    private readonly engine: SessionEngine,
    held?: Held,
  ) {
    this.#held = held;
    this.#fields = Fields.empty();
  }

  /** A session that does not exist yet. */
  static fresh(engine: SessionEngine): LiveSession {
    return new LiveSession(engine);
  }

  /** A session that is stored; undefined when its record is corrupt. */
  static stored(engine: SessionEngine, held: Held): LiveSession | undefined {
    const session = new LiveSession(engine, held);
    return session.reset(held) ? session : undefined;
  }

  /** What is stored of it; undefined while it is new. */
  get held(): Held | undefined {
    return this.#held;
  }

  get identity(): SessionIdentity {
    return this.#held ?? (this.#identity ??= this.engine.backend.mint());
  }

  get meta(): SessionMeta {
    return (this.#meta ??= parseMeta(this.#held?.record.meta ?? '{}'));
  }

  get fields(): Fields {
    return this.#fields;
  }

  /** Starts over from a record. False when it is corrupt. */
  reset(held: Held): boolean {
    const fields = held.visible && Fields.ofRecord(held.visible, held, (texts) => this.#correct(texts));
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
    this.#assertName(name);
    this.#fields.set(name, value);
  }

  delete(name: string): void {
    this.assertWritable();
    this.#fields.delete(name);
  }

  replaceAll(values: Readonly<Record<string, unknown>>): void {
    this.assertWritable();
    for (const name of Object.keys(values)) {
      this.#assertName(name);
    }
    this.#fields.replaceAll(values);
  }

  /**
   * Lets a function change a copy of a new session's fields: when it throws, they are as they were. `undo` takes its
   * changes back.
   */
  updateNew<R>(update: (copy: Fields) => R): { result: R; undo: () => void } {
    const copy = Fields.ofTexts(mergeFields(NO_FIELDS, this.#fields.changes()));
    const result = update(copy);
    const names = [...copy.changes().keys()];
    const before = this.#fields.snapshot(names);
    this.#fields.restore(copy.snapshot(names));
    return { result, undo: () => this.#fields.restore(before) };
  }

  /** Some of its fields, by name; names that it does not have are left out. */
  pick(names: readonly string[]): Record<string, unknown> {
    return this.#pick(names, this.#fields);
  }

  /**
   * The fields that come along when the session has ended, given what was stored when it did. What was not changed here is
   * taken from there, for another request may have changed it; of a session that another request had ended, nothing.
   */
  kept(names: readonly string[], removed: Held | undefined): Record<string, unknown> {
    if (this.#held === undefined) {
      return this.pick(names);
    }
    return removed === undefined ? {} : this.#pick(names, Fields.ofTexts(removed.visible ?? NO_FIELDS));
  }

  /** What a login of this principal takes the place of: a stored session that is theirs already. */
  replacedBy(principal: Principal): { readonly replaces?: Handle } {
    const held = this.#held;
    return held?.record.principal === principal ? { replaces: held.record.handle } : {};
  }

  /** Gives the session cookie attributes of its own; `idle` is what follows for its lifetime. */
  chooseCookie(attributes: CookieAttributes, idle: number): void {
    this.#chosenCookie = attributes;
    this.#idle = idle;
  }

  /** The cookie attributes that go with the session as it is now. */
  get cookie(): CookieAttributes | undefined {
    return this.#chosenCookie ?? (this.#held && cookieOf(this.#held.record.meta));
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
    if (change.fields.size > 0) {
      return false;
    }
    const record = this.#held?.record;
    return (
      (record === undefined || changeMeta(record.meta, change.meta) === record.meta) &&
      (change.idle === undefined || change.idle === record?.idle)
    );
  }

  /** Takes note that it has another token, and nothing else is different. */
  renew(held: Held): void {
    this.#keep(held);
  }

  /** Takes note that a change is stored. */
  settle(held: Held, change: SessionChange): void {
    this.#keep(held);
    this.#fields.stored(change.fields, held.visible ?? NO_FIELDS);
  }

  /** Takes note that a change which was not among the pending ones is stored. */
  rebase(held: Held, change: SessionChange): void {
    this.#keep(held);
    this.#fields.rebased(change.fields, held.visible ?? NO_FIELDS);
  }

  /** A session that does not exist yet, with these fields and the cookie of this one. */
  successor(fields: Readonly<Record<string, unknown>>): LiveSession {
    const next = LiveSession.fresh(this.engine);
    next.replaceAll(fields);
    if (this.cookie !== undefined) {
      next.chooseCookie(this.cookie, this.#idle ?? this.#held?.record.idle ?? this.engine.lifetime.idle);
    }
    return next;
  }

  /** Goes on as another session, so that whoever holds this object has that one from here on. */
  become(next: LiveSession): void {
    this.#held = next.#held;
    this.#identity = next.#identity;
    this.#meta = undefined;
    this.#fields = next.#fields;
    this.#chosenCookie = next.#chosenCookie;
    this.#idle = next.#idle;
  }

  /** Drops what is pending. A session that is new, or was ended, is empty then. */
  forget(isEnded = false): void {
    if (isEnded || this.#held === undefined || !this.reset(this.#held)) {
      this.become(LiveSession.fresh(this.engine));
    }
  }

  /** Lets a session begin after this request has destroyed its own. */
  begin(): void {
    if (this.ended === 'destroyed' && this.#held === undefined) {
      this.ended = undefined;
    }
  }

  /** What a write after the response is answered with. */
  static closedError(): SessionError {
    return ENDED.closed();
  }

  /** @throws {SessionError} when the session takes no more writes */
  assertWritable(): void {
    if (this.ended !== undefined) {
      throw this.engine.report(ENDED[this.ended]());
    }
  }

  /** The same for an operation that was started while it still did. */
  assertAlive(): void {
    if (this.ended !== 'closed') {
      this.assertWritable();
    }
  }

  #assertName(name: string): void {
    if (isReservedName(name)) {
      throw this.engine.report(reservedName(name));
    }
  }

  /** What is elevated is so for its time and its session only. */
  #pick(names: readonly string[], unchanged: Fields): Record<string, unknown> {
    const { elevated } = this.meta;
    const { seenAt = 0 } = this.#held ?? {};
    return Object.fromEntries(
      names
        .filter((name) => !isElevated(elevated, name, seenAt))
        .map((name) => [name, this.#fields.isChanged(name) ? this.#fields : unchanged] as const)
        .filter(([name, fields]) => fields.has(name))
        .map(([name, fields]) => [name, fields.get(name)]),
    );
  }

  #keep(held: Held): void {
    this.#held = held;
    this.#meta = undefined;
  }

  #changedMeta(): MetaChange | undefined {
    return this.#chosenCookie && { cookie: this.#chosenCookie };
  }

  /** The cut turned out to be wrong: the fields are those of the whole text. */
  #correct(texts: FieldTexts | undefined): void {
    if (texts === undefined || this.#held === undefined) {
      // Corrupt: the client is anonymous and starts with a new token.
      this.#held = undefined;
      this.#meta = undefined;
      return;
    }
    this.#held = this.#held.with(this.#held.record, texts);
  }
}
