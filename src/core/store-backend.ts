import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './clock.js';
import { SessionError } from './errors.js';
import { type FieldTexts, joinFields, mergeFields, NO_FIELDS } from './field-texts.js';
import { Held } from './held.js';
import { expiryOf, isExpired, type Lifetime } from './lifetime.js';
import { RECORD_FORMAT, type SessionRecord } from './record.js';
import type { SessionBackend, SessionChange, SessionDraft } from './session-backend.js';
import type { StoreGateway } from './store-gateway.js';
import { drawHandle, drawIdentity, type RandomSource, type SessionIdentity } from './token.js';
import { WriteQueue } from './write-queue.js';

/** What the backend works with and within. */
export interface StoreBackendOptions {
  readonly gateway: StoreGateway;
  readonly lifetime: Lifetime;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** The most bytes that the text of a session's fields may have. */
  readonly maxBytes: number;
  /** Milliseconds after which a commit that keeps losing to others gives up. */
  readonly operationTimeout: number;
}

/** Sessions that live in a store: hashing, expiry, merging and compare-and-swap, written once for all stores. */
export class StoreBackend implements SessionBackend {
  readonly #queue = new WriteQueue();

  constructor(private readonly options: StoreBackendOptions) {}

  mint(): SessionIdentity {
    return drawIdentity(this.options.random);
  }

  async open({ token, id }: SessionIdentity): Promise<Held | undefined> {
    const record = await this.options.gateway.read(id);
    if (record === undefined) {
      return undefined;
    }
    const now = this.options.clock.now();
    const held = new Held(token, id, record, now);
    return isExpired(record, now) ? this.#end(held) : held;
  }

  async create(identity: SessionIdentity, draft: SessionDraft): Promise<Held> {
    const { gateway, lifetime, clock, random } = this.options;
    const now = clock.now();
    const idle = Math.min(draft.idle ?? lifetime.idle, lifetime.absolute);
    const span = { lastSeenAt: now, idle, absoluteAt: now + lifetime.absolute };
    const record: SessionRecord = Object.freeze({
      format: RECORD_FORMAT,
      version: random.version(),
      ...this.#packed(draft.fields),
      createdAt: now,
      ...span,
      expiresAt: expiryOf(span),
      handle: drawHandle(random),
      meta: draft.meta ?? '{}',
      ...(draft.principal === undefined ? {} : { principal: draft.principal }),
    });
    if (!(await gateway.create(identity.id, record))) {
      throw new SessionError('session_unavailable', {
        what: 'The store says that a fresh random session id is taken.',
        fix: 'Check that the store keeps to the contract and that the random source is one.',
      });
    }
    return new Held(identity.token, identity.id, record, now, draft.fields);
  }

  commit(held: Held, changeOf: (current: FieldTexts) => SessionChange): Promise<Held | undefined> {
    return this.#queue.run(held.id, async (latest) => {
      // Of the writer before comes only what is stored: it may not have known the token.
      const start = latest === undefined ? held : held.with(latest.record, latest.texts);
      const result = await this.#commit(start, changeOf);
      return { result, latest: result };
    });
  }

  async touch(held: Held): Promise<boolean> {
    const { id, record, seenAt: lastSeenAt } = held;
    const { version, idle, absoluteAt } = record;
    const expiresAt = expiryOf({ lastSeenAt, idle, absoluteAt });
    // What came in time is no reason to bring back what has ended since.
    return !this.#isOver(held) && this.options.gateway.touch(id, version, lastSeenAt, expiresAt);
  }

  async remove(held: Held): Promise<Held | undefined> {
    const removed = await this.options.gateway.remove(held.id);
    return removed && held.with(removed);
  }

  async #commit(start: Held, changeOf: (current: FieldTexts) => SessionChange): Promise<Held | undefined> {
    const { operationTimeout } = this.options;
    const deadline = performance.now() + operationTimeout;
    let current = start;
    // A record that was read before may be an old one: others may have changed the session, kept it alive or ended it.
    let isCurrent = false;
    for (let attempt = 0; ; attempt++) {
      const isOver = this.#isOver(current);
      const next = isOver ? current : this.#next(current, changeOf(current.texts ?? NO_FIELDS));
      if (next === current && isCurrent) {
        return isOver ? this.#end(current) : current;
      }
      const found = await this.#attempt(current, next);
      if (found === undefined || found === next) {
        return found;
      }
      if (performance.now() > deadline) {
        throw contention(operationTimeout);
      }
      current = found;
      isCurrent = true;
      if (attempt > 1) {
        await delay(Math.random() * Math.min(2 ** attempt, 50), undefined, { ref: false });
      }
    }
  }

  /**
   * Stores what follows from a record, and answers what is stored then: that, what another writer stored, or nothing.
   * Where nothing follows the record is read again.
   */
  async #attempt(current: Held, next: Held): Promise<Held | undefined> {
    const { gateway } = this.options;
    if (next === current) {
      const record = await gateway.read(current.id);
      return record && current.with(record);
    }
    const answer = await gateway.replace(current.id, next.record, current.record.version);
    return answer.done ? next : answer.current && current.with(answer.current);
  }

  /** Removes what is over, so that no late touch can make it valid again. */
  async #end({ id }: Held): Promise<undefined> {
    await this.options.gateway.remove(id).catch(() => undefined);
  }

  /** Whether a session's time is up; that it was used by the request which has it counts. */
  #isOver({ record, seenAt }: Held): boolean {
    const lastSeenAt = Math.max(record.lastSeenAt, seenAt);
    return isExpired({ ...record, lastSeenAt }, this.options.clock.now());
  }

  /** What follows from a change; the very same when there is nothing to write. */
  #next(current: Held, change: SessionChange): Held {
    const { record, texts = NO_FIELDS } = current;
    const merged = mergeFields(texts, change.fields);
    const { idle = record.idle, meta = record.meta } = change;
    if (merged === texts && idle === record.idle && meta === record.meta) {
      return current;
    }
    const lastSeenAt = Math.max(record.lastSeenAt, this.options.clock.now());
    const { absoluteAt } = record;
    const next: SessionRecord = Object.freeze({
      ...record,
      ...this.#packed(merged),
      lastSeenAt,
      idle,
      expiresAt: expiryOf({ lastSeenAt, idle, absoluteAt }),
      meta,
      version: this.options.random.version(),
    });
    return current.with(next, merged);
  }

  #packed(texts: FieldTexts): Pick<SessionRecord, 'fields' | 'lengths'> {
    const packed = joinFields(texts);
    const { maxBytes } = this.options;
    const { length } = packed.fields;
    // A UTF-16 unit is at most three bytes of UTF-8; most sessions need no count.
    if (length * 3 > maxBytes && Buffer.byteLength(packed.fields) > maxBytes) {
      throw new SessionError('session_too_large', {
        what: `The session would take ${Buffer.byteLength(packed.fields)} bytes, more than maxBytes (${maxBytes}).`,
        fix: 'Keep large data elsewhere and its key in the session, or raise maxBytes.',
      });
    }
    return packed;
  }
}

function contention(operationTimeout: number): SessionError {
  return new SessionError('session_contention', {
    what: `The change kept losing to changes by other requests for ${operationTimeout} ms.`,
    fix: 'Send the request again; let fewer requests write the same session at once.',
  });
}
