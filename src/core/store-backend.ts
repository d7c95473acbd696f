import { Committer } from './committer.js';
import { SessionError } from './errors.js';
import type { FieldTexts } from './field-texts.js';
import { Held } from './held.js';
import { expiryOf, isExpired, isOverAt } from './lifetime.js';
import { RecordMaker, type RecordMakerOptions } from './record-maker.js';
import type { PresentedToken, SessionBackend, SessionChange, SessionDraft } from './session-backend.js';
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
  readonly random: RandomSource;
  readonly tokens: TokenScheme;
  /** Milliseconds after which a commit that keeps losing to others gives up. */
  readonly operationTimeout: number;
}

/** Sessions that live in a store: hashing, expiry, merging and compare-and-swap, written once for all stores. */
export class StoreBackend implements SessionBackend {
  readonly livesInToken = false;
  readonly #records: RecordMaker;
  readonly #committer: Committer;

  constructor(private readonly options: StoreBackendOptions) {
    this.#records = new RecordMaker(options);
    this.#committer = new Committer({ ...options, records: this.#records });
  }

  mint(): SessionIdentity {
    return drawIdentity(this.options.random, this.options.tokens);
  }

  async open({ token, id = this.options.tokens.idOf(token) }: PresentedToken): Promise<Held | undefined> {
    const record = await this.options.gateway.read(id);
    if (record === undefined) {
      return undefined;
    }
    const now = this.options.clock.now();
    const held = new Held(token, id, record, now);
    return isExpired(record, now) ? this.#end(held) : held;
  }

  async create(identity: SessionIdentity, draft: SessionDraft): Promise<Held> {
    const { gateway, random } = this.options;
    const { handle = drawHandle(random) } = draft;
    const record = this.#records.first(draft, { version: random.version(), handle });
    if (!(await gateway.create(identity.id, record))) {
      throw new SessionError('session_unavailable', {
        what: 'The store says that a fresh random session id is taken.',
        fix: 'Check that the store keeps to the contract and that the random source is one.',
      });
    }
    return new Held(identity.token, identity.id, record, record.createdAt, draft.fields);
  }

  commit(held: Held, changeOf: (current: FieldTexts) => SessionChange): Promise<Held | undefined> {
    return this.#committer.commit(held, changeOf);
  }

  async touch(held: Held): Promise<Held | undefined> {
    const { id, record, seenAt: lastSeenAt } = held;
    const { version, idle, absoluteAt } = record;
    const expiresAt = expiryOf({ lastSeenAt, idle, absoluteAt });
    // What came in time is no reason to bring back what has ended since.
    const isTouched =
      !isOverAt(held.record, lastSeenAt, this.options.clock.now()) &&
      (await this.options.gateway.touch(id, version, lastSeenAt, expiresAt));
    return isTouched ? held : undefined;
  }

  async remove(held: Held): Promise<Held | undefined> {
    const removed = await this.options.gateway.remove(held.id);
    return removed && held.with(removed);
  }

  /** Removes what is over, so that no late touch can make it valid again. */
  async #end({ id }: Held): Promise<undefined> {
    await this.options.gateway.remove(id).catch(() => undefined);
  }
}
