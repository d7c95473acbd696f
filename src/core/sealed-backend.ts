import { SessionError } from './errors.js';
import { NO_FIELDS } from './field-texts.js';
import { Held, NO_FORWARDS } from './held.js';
import { expiryOf, isExpired } from './lifetime.js';
import type { SessionId, SessionRecord, Token } from './record.js';
import { RecordMaker, type RecordMakerOptions } from './record-maker.js';
import { formatSealed, handleOf, NO_VERSION, parseSealed } from './sealed-record.js';
import { MOST_COOKIE_BYTES, type Sealer, tooLargeForCookie } from './sealed-sessions.js';
import type {
  ChangeOf,
  PresentedToken,
  Rotated,
  SessionBackend,
  SessionChange,
  SessionDraft,
} from './session-backend.js';
import { StoreSetupError } from './store-setup.error.js';
import type { RandomSource, SessionIdentity } from './token.js';

/** What the backend works with and within. */
export interface SealedBackendOptions extends RecordMakerOptions {
  readonly sealer: Sealer;
  readonly random: RandomSource;
}

/** The token of a session that is not sealed yet; no client can present it. */
const UNSEALED = '' as Token;

/**
 * Sessions that live in their own token. Nobody but the client has a copy, so there is nothing to compare, merge or
 * remove: the token that comes last counts, and one that was given out stays valid until its time is up.
 */
export class SealedBackend implements SessionBackend {
  readonly livesInToken = true;
  readonly #records: RecordMaker;

  constructor(private readonly options: SealedBackendOptions) {
    this.#records = new RecordMaker(options);
  }

  mint(): SessionIdentity {
    return { token: UNSEALED, id: this.options.random.bytes(16).toString('base64url') as SessionId };
  }

  /** As with every cookie that comes twice, two different ones that are valid count as none. */
  async open({ token, others = [] }: PresentedToken): Promise<Held | undefined> {
    let found: Held | undefined;
    for (const one of [token, ...others]) {
      const held = await this.#unseal(one);
      if (found !== undefined && held !== undefined) {
        return undefined;
      }
      found ??= held;
    }
    return found;
  }

  async reopen(held: Held): Promise<Held | undefined> {
    return (await this.open(held))?.as(held);
  }

  create({ id }: SessionIdentity, draft: SessionDraft): Promise<Held> {
    const record = this.#records.first(draft, { version: NO_VERSION, handle: handleOf(id) });
    return this.#seal(id, record, record.createdAt, draft.fields);
  }

  async commit(held: Held, changeOf: ChangeOf): Promise<Held | undefined> {
    if (this.#isOver(held)) {
      return undefined;
    }
    const next = this.#records.next(held, changeOf(held.texts ?? NO_FIELDS, held.record), () => NO_VERSION);
    return next === undefined ? held : this.#seal(held.id, next.record, held.seenAt, next.texts);
  }

  async touch(held: Held): Promise<Held | undefined> {
    if (this.#isOver(held)) {
      return undefined;
    }
    // Not its texts: nobody may have looked at the fields yet.
    const { id, record, seenAt } = held;
    const { idle, absoluteAt } = record;
    const lastSeenAt = Math.max(record.lastSeenAt, seenAt);
    const expiresAt = expiryOf({ lastSeenAt, idle, absoluteAt });
    return this.#seal(id, Object.freeze({ ...record, lastSeenAt, expiresAt }), seenAt);
  }

  /** Each change makes another token, and the former one stays as valid as ever. */
  async rotate(held: Held, _identity: SessionIdentity, change?: SessionChange): Promise<Rotated> {
    const committed = change === undefined ? this.touch(held) : this.commit(held, () => change);
    return (await committed) ?? 'gone';
  }

  /** Only the client can let go of it. */
  remove(held: Held): Promise<Held | undefined> {
    return Promise.resolve(held);
  }

  async #seal(id: SessionId, record: SessionRecord, seenAt: number, texts?: Held['texts']): Promise<Held> {
    const text = formatSealed({ id, record });
    const bytes = Buffer.byteLength(text);
    // Far too much is not even encrypted; how much exactly the cookie takes is known where it is written.
    if (bytes > MOST_COOKIE_BYTES) {
      throw tooLargeForCookie(bytes);
    }
    const token = await this.options.sealer.seal(text).catch(cannot);
    return new Held(id, record, { token, seenAt, hold: 'given', via: NO_FORWARDS }, texts);
  }

  async #unseal(token: Token): Promise<Held | undefined> {
    const { sealer, clock } = this.options;
    const text = sealer.isToken(token) ? await sealer.unseal(token).catch(cannot) : undefined;
    const sealed = text === undefined ? undefined : parseSealed(text);
    const now = clock.now();
    return sealed === undefined || isExpired(sealed.record, now)
      ? undefined
      : new Held(sealed.id, sealed.record, { token, seenAt: now, hold: 'current', via: NO_FORWARDS });
  }

  /** Whether a session's time is up; that it was used by the request which has it counts. */
  #isOver({ record, seenAt }: Held): boolean {
    const lastSeenAt = Math.max(record.lastSeenAt, seenAt);
    return isExpired({ ...record, lastSeenAt }, this.options.clock.now());
  }
}

function cannot(cause: unknown): never {
  throw new SessionError('session_unavailable', {
    what: 'Sessions can be neither sealed nor opened.',
    fix: cause instanceof StoreSetupError ? cause.message : 'See the cause.',
    cause,
  });
}
