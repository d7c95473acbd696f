import type { ConfirmDetail, LoginDetail, SessionListener, TokenReply } from './active-session.types.js';
import { confirmUser } from './confirmation.js';
import { gone, SessionError } from './errors.js';
import type { Held } from './held.js';
import { LiveSession } from './live-session.js';
import { beginLogin } from './login.js';
import type { Operation } from './operation.js';
import { OperationQueue } from './operation-queue.js';
import { PresentedSession } from './presented-session.js';
import { parsePrincipal } from './principal.js';
import type { SessionId } from './record.js';
import type { PresentedToken } from './session-backend.js';
import { type ObservedSession, SessionActivity } from './session-activity.js';
import type { SessionEngine } from './session-engine.js';
import type { EndReason } from './session-event.js';
import { SessionWriter } from './session-writer.js';
import type { UpdateFunction } from './update-draft.js';

/**
 * The unit of work of one request: which session it has, what is done to it, and what of that is durable. Operations
 * run one after another in the order they were started.
 */
export class ActiveSession implements ObservedSession {
  readonly #presented: PresentedSession;
  readonly #operations = new OperationQueue();
  readonly #writer: SessionWriter;
  readonly activity: SessionActivity;
  #live: LiveSession | undefined;
  #isClosed = false;
  /** That the store did not answer an operation of this request in time. */
  #trouble: SessionError | undefined;
  /** True once somebody looked at the session: what `Vary: Cookie` and a lazy session's activity go by. */
  isUsed = false;

  constructor(
    readonly engine: SessionEngine,
    present: () => PresentedToken | undefined,
  ) {
    this.#presented = new PresentedSession(present, engine);
    this.#writer = new SessionWriter(engine, this.#presented);
    this.activity = new SessionActivity(this, this.#writer, this.#operations);
  }

  /** Told of what happens to the session. */
  get listener(): SessionListener | undefined {
    return this.#writer.listener;
  }

  set listener(listener: SessionListener) {
    this.#writer.listener = listener;
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

  /** Whether the store has let an operation of this request wait in vain. */
  get isInTrouble(): boolean {
    return this.#trouble !== undefined;
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

  /** Whether this request has stored the session since it was read. */
  get isRewritten(): boolean {
    return this.#live?.isGone !== true && this.found?.record !== this.#presented.found?.record;
  }

  /** Whether the record has been read, so that the session can be used. */
  get isRead(): boolean {
    return this.#presented.isRead;
  }

  /** The session id: of the session as it is, or of what the client presented while that is not read, if it tells. */
  get id(): SessionId | undefined {
    return this.isRead ? this.live.identity.id : this.#presented.token?.id;
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
      const held = live.held && (await this.engine.backend.reopen(live.held));
      if (held === undefined || !live.reset(held)) {
        throw gone();
      }
      this.listener?.reloaded(live);
    });
  }

  /** An atomic read-modify-write of the stored fields. */
  update<R>(update: UpdateFunction<R>): Operation<R> {
    return this.#operate(async () => {
      const { live } = this;
      live.assertAlive();
      return this.#writer.update(live, update);
    });
  }

  /** Ends the session and puts a new anonymous one in its place, with the fields named in `keep`. */
  regenerate(keep: readonly string[] = []): Operation<void> {
    return this.#operate(async () => {
      const { live: old } = this;
      this.#writer.assertCanBegin();
      const fresh = LiveSession.fresh(this.engine);
      fresh.replaceAll(old.kept(keep, await this.#writer.remove(old, 'replaced')));
      this.#switch(fresh, 'replaced');
    });
  }

  /**
   * Ends the session; the client's cookie goes. A second time does nothing. It may come after the response: nothing is
   * lost by it, and a session that should be dead must not live on. One that lives in its token would, without a word.
   */
  destroy(reason: EndReason = 'logout'): Operation<void> {
    return this.#operate(async () => {
      const { live } = this;
      await this.#writer.remove(live, reason);
      this.#leave();
    }, !this.engine.backend.livesInToken);
  }

  /** A new session for somebody who just proved who they are; the old one is dead when this resolves. */
  login(principal: string, detail: LoginDetail = {}): Operation<void> {
    return this.#operate(async () => {
      const parts = {
        engine: this.engine,
        writer: this.#writer,
        old: this.live,
        onLeft: () => this.#leave(),
      };
      this.#switch(await beginLogin(parts, parsePrincipal(principal), detail), 'replaced');
    });
  }

  /** Takes note that the user has proved once more who they are: another token, and fields that fall away by themselves. */
  confirm(detail: ConfirmDetail): Operation<void> {
    return this.#operate(async () => {
      const { live } = this;
      live.assertAlive();
      await confirmUser({ engine: this.engine, writer: this.#writer, live }, detail);
    });
  }

  /**
   * When the user last proved who they are, in milliseconds since the epoch. Whoever comes with a former token did not do it:
   * undefined then.
   */
  get authenticatedAt(): number | undefined {
    const { held, meta } = this.live;
    return held?.holder.hold === 'former' ? undefined : meta.authenticatedAt;
  }

  /** Leaves the stored session as it is and forgets it for the rest of the request. */
  abandon(): void {
    this.#presented.noteLeft(this.live);
    this.#leave();
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
      return this.#operations.settle().then(() => this.#operations.run(async () => this.#flush()));
    }
    let work: Promise<void> | undefined;
    try {
      work = this.#flush();
    } catch (error) {
      work = Promise.reject(error);
    }
    if (work !== undefined) {
      // An operation that is started meanwhile waits for it, as for any other.
      this.#operations.hold(work);
    }
    return work;
  }

  /** What should become of the client's token, by what is durable now. */
  reply(): TokenReply {
    return this.#presented.reply(this.#live);
  }

  /** Stores what is pending; undefined when nothing is. */
  #flush(): Promise<void> | undefined {
    const { saveUninitialized } = this.engine;
    const live = this.#live ?? (saveUninitialized && this.#presented.isRead ? this.live : undefined);
    return live && this.#writer.store(live, saveUninitialized, this.#trouble);
  }

  /** Reports a failed operation; what the application throws in one of its functions is its own affair. */
  #note(error: unknown): void {
    if (error instanceof SessionError) {
      this.engine.report(error);
      this.#trouble = error.isTimeout ? error : this.#trouble;
    }
  }

  #open(): LiveSession {
    const { held } = this.#presented;
    const live = (held && LiveSession.stored(this.engine, held)) ?? LiveSession.fresh(this.engine);
    if (this.#isClosed) {
      live.ended = 'closed';
    }
    return live;
  }

  /** From here on the request has no session, until one begins: at once where the listener has filled it. */
  #leave(): void {
    this.#switch(LiveSession.fresh(this.engine), 'destroyed');
    this.live.ended = this.live.fields.isEmpty ? 'destroyed' : this.live.ended;
  }

  #switch(next: LiveSession, ended: 'replaced' | 'destroyed'): void {
    const old = this.live;
    old.ended = ended;
    if (this.#isClosed) {
      next.ended ??= 'closed';
    }
    this.#live = next;
    this.listener?.switched(old);
  }

  #operate<T>(work: () => Promise<T>, isLateAllowed = false): Operation<T> {
    if (this.#isClosed && !isLateAllowed) {
      return this.#operations.refuse(this.engine.report(LiveSession.closedError()));
    }
    const operation = this.#operations.run(async () => {
      await this.read();
      return work();
    });
    this.engine.track(operation.watch(ignore, (error) => this.#note(error)));
    return operation;
  }
}

function ignore(): void {}
