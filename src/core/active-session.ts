import { gone } from './errors.js';
import { Fields } from './fields.js';
import type { Held } from './held.js';
import { isTouchDue } from './lifetime.js';
import { LiveSession } from './live-session.js';
import { formatMeta } from './meta.js';
import type { Operation } from './operation.js';
import { OperationQueue } from './operation-queue.js';
import { PresentedSession } from './presented-session.js';
import { parsePrincipal } from './principal.js';
import type { SessionId } from './record.js';
import type { SessionChange } from './session-backend.js';
import type { SessionEngine } from './session-engine.js';
import { SessionWriter } from './session-writer.js';
import type { SessionIdentity } from './token.js';
import { runUpdate, type UpdateFunction } from './update-draft.js';

/** What should become of the token the client holds. */
export type TokenReply =
  { readonly kind: 'keep' } | { readonly kind: 'set'; readonly held: Held } | { readonly kind: 'clear' };

/** What a login starts its session with. */
export interface LoginDetail {
  /** Fields of the new session. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Names of fields that come along from the old session. */
  readonly keep?: readonly string[];
}

/**
 * The unit of work of one request: which session it has, what is done to it, and what of that is durable. Operations
 * run one after another in the order they were started.
 */
export class ActiveSession {
  readonly #presented: PresentedSession;
  readonly #operations = new OperationQueue();
  readonly #writer: SessionWriter;
  #live: LiveSession | undefined;
  #isClosed = false;
  #isPresentedEnded = false;
  #isTouchWanted = false;
  /** True once somebody looked at the session: what `Vary: Cookie` and a lazy session's activity go by. */
  isUsed = false;
  /** Called when regenerate, login or destroy put another session in the place of one. */
  onSwitch: ((old: LiveSession) => void) | undefined;
  /** Called for an operation that came after the response and that nobody waits for. */
  onRefused: ((error: Error) => void) | undefined;

  constructor(
    readonly engine: SessionEngine,
    presented: SessionIdentity | undefined,
  ) {
    this.#presented = new PresentedSession(presented, engine.backend);
    this.#writer = new SessionWriter(engine);
  }

  /** Reads the record, once a request. A failure is kept for who uses the session. */
  read(): Promise<void> {
    return this.#presented.read();
  }

  /** Reads the record and throws what went wrong. */
  async load(): Promise<void> {
    await this.read();
    void this.live;
  }

  /**
   * The session of this request.
   *
   * @throws {SessionError} `session_not_loaded` before the load, `session_unavailable` after one that failed
   */
  get live(): LiveSession {
    this.isUsed = true;
    return (this.#live ??= this.#open());
  }

  /** The session if somebody has used it. Looking here does not count as use. */
  get opened(): LiveSession | undefined {
    return this.#live;
  }

  /** The session as far as it can be shown without a load. Looking here does not count as use. */
  get visible(): LiveSession | undefined {
    return this.isRead ? (this.#live ??= this.#open()) : this.#live;
  }

  /** What is stored of the session, as far as it has been read; looking here does not count as use. */
  get found(): Held | undefined {
    return this.#live === undefined ? this.#presented.found : this.#live.held;
  }

  /** Whether the record has been read, so that the session can be used. */
  get isRead(): boolean {
    return this.#presented.isRead;
  }

  /** The session id: of the session as it is, or of what the client presented while that is not read. */
  get id(): SessionId | undefined {
    return this.isRead ? this.live.identity.id : this.#presented.identity?.id;
  }

  /** Writes the pending changes now. A new session is stored even when it has no fields. */
  save(): Operation<void> {
    return this.#operate(async () => this.#writer.store(this.live, true));
  }

  /** Drops the pending changes and reads the record again. */
  reload(): Operation<void> {
    return this.#operate(async () => {
      const { live } = this;
      live.assertAlive();
      const held = live.held && (await this.engine.backend.open(live.held));
      if (held === undefined || !live.reset(held)) {
        throw gone();
      }
    });
  }

  /** Counts this request as activity even when none is due to be written down. */
  touch(): void {
    this.#isTouchWanted = true;
  }

  /** An atomic read-modify-write of the stored fields. */
  update<R>(update: UpdateFunction<R>): Operation<R> {
    return this.#operate(async () => {
      const { live } = this;
      live.assertAlive();
      if (live.held === undefined) {
        const result = live.updateNew((fields) => runUpdate(update, fields));
        await this.#writer.store(live, false);
        return result;
      }
      let last: { readonly result: R; readonly change: SessionChange; readonly fields: Fields } | undefined;
      const held = await this.engine.backend.commit(live.held, (current) => {
        const fields = Fields.ofTexts(current);
        const result = runUpdate(update, fields);
        last = { result, change: { fields: fields.changes() }, fields };
        return last.change;
      });
      if (held === undefined || last === undefined) {
        this.#writer.lose(live);
        throw gone();
      }
      this.engine.inspect(last.fields, last.change);
      live.rebase(held, last.change);
      return last.result;
    });
  }

  /** Ends the session and puts a new anonymous one in its place, with the fields named in `keep`. */
  regenerate(keep: readonly string[] = []): Operation<void> {
    return this.#operate(async () => {
      const { live: old } = this;
      this.#writer.assertCanBegin();
      const fresh = this.#fresh();
      fresh.replaceAll(old.pick(keep));
      await this.#remove(old);
      this.#switch(fresh, 'replaced');
    });
  }

  /** Ends the session; the client's cookie goes. A second time does nothing. */
  destroy(): Operation<void> {
    return this.#operate(async () => {
      const { live } = this;
      await this.#remove(live);
      this.#isPresentedEnded = this.#presented.identity?.token !== undefined;
      this.abandon();
    });
  }

  /** A new session for somebody who just proved who they are; the old one is dead when this resolves. */
  login(principal: string, { data = {}, keep = [] }: LoginDetail = {}): Operation<void> {
    return this.#operate(async () => {
      const who = parsePrincipal(principal);
      const { live: old } = this;
      this.#writer.assertCanBegin();
      const fresh = this.#fresh();
      fresh.replaceAll({ ...old.pick(keep), ...data });
      await this.#writer.create(fresh, {
        principal: who,
        meta: formatMeta({ authenticatedAt: this.engine.clock.now() }),
      });
      await this.#remove(old).catch(async (error: unknown) => {
        // Nobody was given the new token; if it cannot be removed it is rubbish that expires.
        await this.#remove(fresh).catch(() => undefined);
        throw error;
      });
      this.#switch(fresh, 'replaced');
    });
  }

  /** Leaves the stored session as it is and forgets it for the rest of the request. */
  abandon(): void {
    const fresh = this.#fresh();
    fresh.ended = 'destroyed';
    this.#switch(fresh, 'destroyed');
  }

  /** The response's head is out: no cookie can be set any more, and so no session can begin. */
  headSent(): void {
    this.#writer.isHeadSent = true;
  }

  /** Takes no more writes: the response has ended. Operations that were started still run. */
  close(): void {
    this.#isClosed = true;
    if (this.#live !== undefined) {
      this.#live.ended ??= 'closed';
    }
  }

  /**
   * Brings everything that was done to the store. Undefined when there is nothing to wait for, so that most responses
   * are not held at all.
   */
  commit(): Promise<void> | undefined {
    if (!this.#operations.isQuiet) {
      return this.#operations.settle().then(() => this.#flush());
    }
    try {
      return this.#flush();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** What should become of the client's token, by what is durable now. */
  reply(): TokenReply {
    const live = this.#live;
    const held = live?.held;
    if (live?.ended !== 'destroyed' && held !== undefined && held.token !== this.#presented.identity?.token) {
      return { kind: 'set', held };
    }
    return this.#isPresentedEnded ? CLEAR : KEEP;
  }

  /** The stored session whose activity this request should write down, if that is due. */
  get touchDue(): Held | undefined {
    const { lifetime, clock, isLazy } = this.engine;
    const held = this.found;
    if (held === undefined || this.#live?.isGone === true) {
      return undefined;
    }
    const isActive = this.isUsed || !isLazy;
    const isDue = isActive && isTouchDue(held.record, lifetime.touchAfter, clock.now());
    return isDue || this.#isTouchWanted ? held : undefined;
  }

  /** Stores what is pending; undefined when nothing is. */
  #flush(): Promise<void> | undefined {
    const { saveUninitialized } = this.engine;
    const live = this.#live ?? (saveUninitialized && this.#presented.isRead ? this.live : undefined);
    return live && this.#writer.store(live, saveUninitialized);
  }

  #open(): LiveSession {
    const { held } = this.#presented;
    const mint = () => this.engine.backend.mint();
    const live = (held && LiveSession.stored(mint, held)) ?? LiveSession.fresh(mint);
    if (this.#isClosed) {
      live.ended = 'closed';
    }
    return live;
  }

  #fresh(): LiveSession {
    return LiveSession.fresh(() => this.engine.backend.mint());
  }

  async #remove(old: LiveSession): Promise<void> {
    if (old.held !== undefined) {
      await this.engine.backend.remove(old.held);
      this.#isPresentedEnded ||= old.held.token === this.#presented.identity?.token;
    }
  }

  #switch(next: LiveSession, ended: 'replaced' | 'destroyed'): void {
    const old = this.live;
    old.ended = ended;
    if (this.#isClosed) {
      next.ended ??= 'closed';
    }
    this.#live = next;
    this.onSwitch?.(old);
  }

  #operate<T>(work: () => Promise<T>): Operation<T> {
    if (this.#isClosed) {
      const error = LiveSession.closedError();
      return this.#operations.refuse(error, () => this.onRefused?.(error));
    }
    return this.#operations.run(async () => {
      await this.read();
      return work();
    });
  }
}

const KEEP: TokenReply = { kind: 'keep' };
const CLEAR: TokenReply = { kind: 'clear' };
