import type { Clock } from './clock.js';
import { Committer } from './committer.js';
import { idTaken } from './errors.js';
import { ExpiredSessions } from './expired-sessions.js';
import type { FieldChanges } from './field-texts.js';
import { Forwards } from './forwards.js';
import { Held, NO_FORWARDS } from './held.js';
import { expiryOf, isExpired, isOverAt } from './lifetime.js';
import { tokenNoteOf } from './meta.js';
import { RecordMaker, type RecordMakerOptions } from './record-maker.js';
import type {
  ChangeOf,
  PresentedToken,
  Rotated,
  SessionBackend,
  SessionChange,
  SessionDraft,
} from './session-backend.js';
import { Rotation } from './rotation.js';
import { about, type Emit } from './session-event.js';
import type { SessionId, SessionRecord, Token } from './record.js';
import type { StoreGateway } from './store-gateway.js';
import {
  drawHandle,
  drawIdentity,
  type RandomSource,
  type SessionIdentity,
  type TokenScheme,
} from './token.js';

/** What the backend works with and within. */
export interface StoreBackendOptions extends RecordMakerOptions {
  readonly gateway: StoreGateway;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly tokens: TokenScheme;
  /** Milliseconds after which a commit that keeps losing to others gives up. */
  readonly operationTimeout: number;
  readonly emit: Emit;
  /** Takes work that nobody waits for and whose failure harms nobody. */
  readonly background: (work: Promise<unknown>) => void;
}

/** Sessions that live in a store: hashing, expiry, merging and compare-and-swap, written once for all stores. */
export class StoreBackend implements SessionBackend {
  readonly livesInToken = false;
  readonly #records: RecordMaker;
  readonly #committer: Committer;
  readonly #forwards: Forwards;
  readonly #rotation: Rotation;
  readonly #expired: ExpiredSessions;

  constructor(private readonly options: StoreBackendOptions) {
    const { gateway, clock, emit } = options;
    this.#records = new RecordMaker(options);
    this.#forwards = new Forwards(gateway, clock);
    this.#expired = new ExpiredSessions(gateway, clock, emit);
    const shared = { ...options, records: this.#records, forwards: this.#forwards, expired: this.#expired };
    this.#committer = new Committer(shared);
    this.#rotation = new Rotation(shared);
  }

  mint(): SessionIdentity {
    return drawIdentity(this.options.random, this.options.tokens);
  }

  open({ token, id = this.options.tokens.idOf(token) }: PresentedToken): Promise<Held | undefined> {
    return this.options.gateway.read(id).then((record) => record && this.#opened(id, record, token));
  }

  async reopen(held: Held): Promise<Held | undefined> {
    const record = await this.options.gateway.read(held.id);
    // It came in time: where its token was rotated since, it is followed however long ago that was.
    const found = record && (await this.#forwards.follow(held.with(record)));
    const now = this.options.clock.now();
    const alive = found && (await this.#unexpired(found, now));
    // What has fallen away by now is not there any more. The activity stays dated as it was.
    return alive?.at(now).as(alive);
  }

  async create(identity: SessionIdentity, draft: SessionDraft): Promise<Held> {
    const { gateway, random } = this.options;
    const { handle = drawHandle(random) } = draft;
    const record = this.#records.first(draft, { version: random.version(), handle });
    if (!(await gateway.create(identity.id, record))) {
      throw idTaken();
    }
    const { token, id } = identity;
    const holder = { token, seenAt: record.createdAt, hold: 'given', via: NO_FORWARDS } as const;
    return new Held(id, record, holder, draft.fields);
  }

  commit(held: Held, changeOf: ChangeOf): Promise<Held | undefined> {
    return this.#committer.commit(held, changeOf);
  }

  async touch(held: Held): Promise<Held | undefined> {
    const { id, record, seenAt: lastSeenAt } = held;
    const { version, idle, absoluteAt } = record;
    // What came in time is no reason to bring back what has ended since.
    if (isOverAt(record, lastSeenAt, this.options.clock.now())) {
      return undefined;
    }
    if (held.isFirstSeen) {
      return this.#noteFirstSeen(held);
    }
    const expiresAt = expiryOf({ lastSeenAt, idle, absoluteAt });
    return (await this.options.gateway.touch(id, version, lastSeenAt, expiresAt)) ? held : undefined;
  }

  rotate(held: Held, identity: SessionIdentity, change?: SessionChange): Promise<Rotated> {
    return this.#rotation.run(held, identity, change);
  }

  /** Tells of the sessions that the store ends by itself from now on; answers what stops it. */
  watchExpiry(): () => void {
    return this.#expired.watch();
  }

  async remove(held: Held): Promise<Held | undefined> {
    const removed = await this.#forwards.remove(held.id);
    for (const { id } of held.holder.via) {
      this.options.background(this.options.gateway.remove(id));
    }
    return removed?.as(held);
  }

  /** What there is to a record for who came with its token; no promise where nothing more is to be read. */
  #opened(id: SessionId, record: SessionRecord, token: Token): Promise<Held | undefined> | Held {
    const seenAt = this.options.clock.now();
    const held = new Held(id, record, { token, seenAt, hold: 'current', via: NO_FORWARDS });
    if (record.next !== undefined) {
      return this.#openFormer(held).then((found) => found && this.#unexpired(found, seenAt));
    }
    return this.#unexpired(held, seenAt);
  }

  #unexpired(held: Held, now: number): Promise<undefined> | Held {
    return isExpired(held.record, now) ? this.#expired.end(held) : held;
  }

  /** The session behind a token that another has taken the place of, if that may still be brought. */
  async #openFormer(forward: Held): Promise<Held | undefined> {
    const { record } = forward;
    const found = isExpired(record, forward.seenAt) ? undefined : await this.#forwards.open(forward);
    if (found !== 'refused') {
      if (found !== undefined) {
        this.options.background(this.#forwards.keep(found));
      }
      return found;
    }
    // Told once: from here on the token is one like any other that is not known.
    if ((await this.options.gateway.remove(forward.id)) !== undefined) {
      this.options.emit({ type: 'token-reused', ...about(record) });
    }
    return undefined;
  }

  /** Once a client has come with its new token, the former one has only a short time left. */
  async #noteFirstSeen(held: Held): Promise<Held | undefined> {
    const { seenAt } = held;
    const note = tokenNoteOf(held.record.meta);
    const stored = await this.#committer.commit(held, (_fields, record) => {
      const current = tokenNoteOf(record.meta);
      const isStill = current !== undefined && current.since === note?.since && current.seenAt === undefined;
      return { fields: NO_CHANGES, ...(isStill ? { meta: { token: { ...current, seenAt } } } : {}) };
    });
    this.options.background(this.#forwards.letGo(held));
    return stored;
  }
}

const NO_CHANGES: FieldChanges = new Map();
