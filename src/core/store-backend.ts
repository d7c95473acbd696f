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
    const held = new Held(token, id, record);
    return (await this.#isGone(held)) ? undefined : held;
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
    return new Held(identity.token, identity.id, record, draft.fields);
  }

  commit(held: Held, changeOf: (current: FieldTexts) => SessionChange): Promise<Held | undefined> {
    return this.#queue.run(held.id, async (latest) => {
      // Only what is stored comes from the writer before: it may not have known the token.
      const start = latest && new Held(held.token, held.id, latest.record, latest.texts);
      const result = await this.#commit(start ?? held, changeOf);
      return { result, latest: result };
    });
  }

  async touch({ id, record }: Held, lastSeenAt: number): Promise<boolean> {
    const { version, idle, absoluteAt } = record;
    const expiresAt = expiryOf({ lastSeenAt, idle, absoluteAt });
    // What came in time is no reason to bring back what has ended since.
    return !this.#isOver(record) && this.options.gateway.touch(id, version, lastSeenAt, expiresAt);
  }

  async remove({ token, id }: Held): Promise<Held | undefined> {
    const removed = await this.options.gateway.remove(id);
    return removed && new Held(token, id, removed);
  }

  async #commit(start: Held, changeOf: (current: FieldTexts) => SessionChange): Promise<Held | undefined> {
    const { operationTimeout } = this.options;
    const deadline = performance.now() + operationTimeout;
    let current = start;
    let isConfirmed = false;
    for (let attempt = 0; ; attempt++) {
      if (await this.#isGone(current)) {
        return undefined;
      }
      const next = this.#next(current, changeOf(current.texts ?? NO_FIELDS));
      if (next === current && isConfirmed) {
        return current;
      }
      const found = await this.#attempt(current, next);
      if (found === undefined || found === next) {
        return found;
      }
      if (performance.now() > deadline) {
        throw contention(operationTimeout);
      }
      current = found;
      isConfirmed = true;
      if (attempt > 1) {
        await delay(Math.random() * Math.min(2 ** attempt, 50), undefined, { ref: false });
      }
    }
  }

  /**
   * Stores what follows from a record, and answers what is stored then: that, what another writer stored, or nothing.
   * What changes nothing may do so only because the record is an old one, so it is read again instead.
   */
  async #attempt({ token, id, record }: Held, next: Held): Promise<Held | undefined> {
    const { gateway } = this.options;
    let current: SessionRecord | undefined;
    if (next.record === record) {
      current = await gateway.read(id);
    } else {
      const answer = await gateway.replace(id, next.record, record.version);
      if (answer.done) {
        return next;
      }
      ({ current } = answer);
    }
    return current?.version === record.version ? next : current && new Held(token, id, current);
  }

  /** Whether a record's time is up. Then it is removed, so that no late touch can make it valid again. */
  async #isGone({ id, record }: Held): Promise<boolean> {
    if (!this.#isOver(record)) {
      return false;
    }
    await this.options.gateway.remove(id).catch(() => undefined);
    return true;
  }

  #isOver(record: SessionRecord): boolean {
    return isExpired(record, this.options.clock.now());
  }

  /** What follows from a change; the very same when there is nothing to write. */
  #next(current: Held, change: SessionChange): Held {
    const { token, id, record, texts = NO_FIELDS } = current;
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
    return new Held(token, id, next, merged);
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
