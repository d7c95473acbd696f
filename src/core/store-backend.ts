import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './clock.js';
import { SessionError } from './errors.js';
import { cutFields, type FieldTexts, joinFields, mergeFields } from './field-texts.js';
import { expiryOf, isExpired, type Lifetime } from './lifetime.js';
import { RECORD_FORMAT, type SessionRecord, type Token } from './record.js';
import type { Held, SessionBackend, SessionChange, SessionDraft } from './session-backend.js';
import type { StoreGateway } from './store-gateway.js';
import {
  drawHandle,
  drawIdentity,
  drawVersion,
  type RandomSource,
  type SessionIdentity,
  sessionIdOf,
} from './token.js';
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

  async open(token: Token): Promise<Held | undefined> {
    const id = sessionIdOf(token);
    const record = await this.options.gateway.read(id);
    if (record === undefined) {
      return undefined;
    }
    if (isExpired(record, this.options.clock.now())) {
      // A late touch of a request that began in time must not make it valid again.
      await this.options.gateway.remove(id).catch(() => undefined);
      return undefined;
    }
    return { token, id, record };
  }

  async create(identity: SessionIdentity, draft: SessionDraft): Promise<Held> {
    const { gateway, lifetime, clock, random } = this.options;
    const now = clock.now();
    const span = { lastSeenAt: now, idle: draft.idle ?? lifetime.idle, absoluteAt: now + lifetime.absolute };
    const record: SessionRecord = Object.freeze({
      format: RECORD_FORMAT,
      version: drawVersion(random),
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
    return { ...identity, record };
  }

  commit(held: Held, changeOf: (current: SessionRecord) => SessionChange): Promise<Held | undefined> {
    return this.#queue.run(held.id, async (latest) => {
      const record = await this.#commit(held, latest ?? held.record, changeOf);
      return { result: record && { ...held, record }, latest: record };
    });
  }

  async touch(held: Held): Promise<void> {
    const { gateway, clock } = this.options;
    const { version, idle, absoluteAt } = held.record;
    const lastSeenAt = clock.now();
    await gateway.touch(held.id, version, lastSeenAt, expiryOf({ lastSeenAt, idle, absoluteAt }));
  }

  remove(held: Held): Promise<void> {
    return this.options.gateway.remove(held.id);
  }

  async #commit(
    held: Held,
    start: SessionRecord,
    changeOf: (current: SessionRecord) => SessionChange,
  ): Promise<SessionRecord | undefined> {
    const { gateway, clock, operationTimeout } = this.options;
    const deadline = performance.now() + operationTimeout;
    let current = start;
    for (let attempt = 0; ; attempt++) {
      const next = this.#next(current, changeOf(current));
      if (next === current) {
        return current;
      }
      const answer = await gateway.replace(held.id, next, current.version);
      if (answer.done) {
        return next;
      }
      if (answer.current === undefined || isExpired(answer.current, clock.now())) {
        return undefined;
      }
      if (performance.now() > deadline) {
        throw contention(operationTimeout);
      }
      current = answer.current;
      if (attempt > 1) {
        await delay(Math.random() * Math.min(2 ** attempt, 50), undefined, { ref: false });
      }
    }
  }

  /** The record that follows from a change; the very same one when there is nothing to write. */
  #next(current: SessionRecord, change: SessionChange): SessionRecord {
    const texts = cutFields(current) ?? new Map<string, string>();
    const merged = mergeFields(texts, change.fields);
    const idle = change.idle ?? current.idle;
    const meta = change.meta ?? current.meta;
    if (merged === texts && idle === current.idle && meta === current.meta) {
      return current;
    }
    const span = {
      lastSeenAt: Math.max(current.lastSeenAt, this.options.clock.now()),
      idle,
      absoluteAt: current.absoluteAt,
    };
    return Object.freeze({
      ...current,
      ...this.#packed(merged),
      ...span,
      expiresAt: expiryOf(span),
      meta,
      version: drawVersion(this.options.random),
    });
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
