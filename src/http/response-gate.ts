import { ServerResponse } from 'node:http';
import { SessionError } from '../core/errors.js';
import { answerInstead, resetForFailure } from './failed-response.js';
import { FAILED_SCOPE } from './failed-scope.js';
import { callBack } from './gate-calls.js';
import { HeldCalls } from './held-calls.js';
import { breakConnection, isOver, reasonOf, setStatus } from './http-protocol.js';
import type {
  AnyFunction,
  Gate,
  GatedResponse,
  GateSession,
  GateState,
  HeldCall,
  SendingCall,
} from './response-gate.types.js';
import { inherited, shadowSent } from './prepared-response.js';
import { applyHead, assertImplicitHead, type ExplicitHead } from './response-head.js';
import { type HeaderCalls, headerCallsOf, sendingCallsOf, shadowHeaderCalls } from './response-shadow.js';

/** How often a response that has not ended is held for what changed while it was held. */
const MOST_ROUNDS = 10;

/**
 * Holds a response until its session is durable. It sits on the response itself, below frameworks and above the socket,
 * so that `send`, `json`, streams, redirects and files are all the same to it.
 */
export class ResponseGate implements Gate {
  state: GateState = 'idle';
  /** True once the handler has called `end()`. */
  isEndHeld = false;
  #head: ExplicitHead | undefined;
  #statusCode = 0;
  #statusMessage: string | undefined;
  #rounds = 0;
  /** Whether the commit under way began after `end()`, so that nothing can come after it. */
  #isLastCommit = false;
  #headerCalls: HeaderCalls | undefined;
  readonly #held: HeldCalls;
  /** What lies below the gate; undefined where that is the response itself. */
  readonly #below: Readonly<Record<SendingCall, AnyFunction>> | undefined;
  readonly #on: AnyFunction;

  constructor(
    private readonly res: GatedResponse,
    private readonly session: GateSession,
    readonly within: Gate['within'] = undefined,
  ) {
    this.#below = within === undefined ? sendingCallsOf(res) : undefined;
    this.#on = within === undefined ? res.on : ServerResponse.prototype.on;
    this.#held = new HeldCalls(res, within !== undefined);
  }

  /** Whether the head counts as sent for who is asking. */
  get seemsSent(): boolean {
    return this.state === 'headed' || this.state === 'holding' || (this.state === 'failed' && !this.mayPass);
  }

  /** Whether the response counts as ended for who is asking. */
  get seemsEnded(): boolean {
    return this.isEndHeld && !(this.state === 'failed' && this.mayPass);
  }

  /** Whether a call goes through to the response: always but for a handler whose response has been replaced. */
  get mayPass(): boolean {
    return this.state !== 'failed' || FAILED_SCOPE.getStore() === this;
  }

  /** Calls what was on the response when the gate was installed. */
  pass(name: SendingCall, args: readonly unknown[]): unknown {
    return Reflect.apply(this.#below?.[name] ?? inherited(this.res, name), this.res, args);
  }

  writeHead(args: readonly unknown[]): void {
    this.#head = applyHead(this.res, args);
    this.#noteStatus();
    this.state = 'headed';
    this.#shadow();
  }

  /** Calls what changes the head, as it was before the gate lay on it. */
  passHeader(name: keyof HeaderCalls, args: readonly unknown[]): unknown {
    return Reflect.apply(this.#headerCalls?.[name] ?? inherited(this.res, name), this.res, args);
  }

  #shadow(): void {
    if (this.within === undefined && this.#headerCalls === undefined) {
      this.#headerCalls = headerCallsOf(this.res);
      shadowSent(this.res);
      shadowHeaderCalls(this.res);
    }
  }

  /** Whether a sending call has to be kept; starts the commit at the first one. */
  holds(name: HeldCall['name'], args: readonly unknown[]): boolean {
    if (this.state === 'open' && name !== 'end') {
      return false;
    }
    if (this.state === 'idle') {
      this.#noteStatus();
      assertImplicitHead(this.res, this.#statusCode, this.#statusMessage);
    }
    if (name === 'end') {
      this.session.close();
    }
    if (this.state === 'open') {
      return this.#beginLast(args);
    }
    if ((this.state === 'idle' || this.state === 'headed') && this.#opensAtOnce(name === 'end')) {
      return false;
    }
    this.isEndHeld ||= name === 'end';
    this.#held.add({ name, args });
    return true;
  }

  /** What the head says as it is held: what the handler makes of it afterwards is too late. */
  #noteStatus(): void {
    this.#statusCode = this.res.statusCode;
    this.#statusMessage = reasonOf(this.res);
  }

  /** The first byte is about to leave: it may, or the commit begins that it has to wait for. */
  #opensAtOnce(isEnd: boolean): boolean {
    const work = this.#commit(isEnd);
    if (work !== undefined) {
      this.#holdUntil(work);
      return false;
    }
    try {
      this.#open(isEnd);
      return true;
    } catch (error) {
      this.#holdUntil(Promise.reject(error));
      return false;
    }
  }

  #holdUntil(work: Promise<void>): void {
    this.state = 'holding';
    this.#shadow();
    this.#releaseAfter(work);
  }

  #releaseAfter(work: Promise<void>): void {
    work.then(
      () => this.#release(),
      (error: unknown) => this.#fail(error),
    );
  }

  #commit(isLast: boolean): Promise<void> | undefined {
    this.#isLastCommit = isLast;
    try {
      return this.session.commit();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Lets the head out; `isLast` tells that nothing can follow that would have to be committed. */
  #open(isLast: boolean): void {
    this.state = 'open';
    this.session.addHeaders(this.res);
    this.session.headSent();
    this.isEndHeld = isLast;
    if (this.#head !== undefined) {
      const { statusCode, statusMessage } = this.#head;
      this.pass('writeHead', statusMessage === undefined ? [statusCode] : [statusCode, statusMessage]);
    }
    if (isLast) {
      this.session.released();
    } else if (isOver(this.res)) {
      process.nextTick(() => this.#closed());
    } else {
      // A client that hangs up takes nothing from the session that was changed for it.
      this.res.once('close', () => this.#closed());
    }
  }

  #release(): void {
    // While it was held, the handler may have gone on, and may even have ended.
    const isOutdated = !this.#isLastCommit && (this.isEndHeld || ++this.#rounds < MOST_ROUNDS);
    const more = isOutdated ? this.#commit(this.isEndHeld) : undefined;
    if (more !== undefined) {
      this.#releaseAfter(more);
      return;
    }
    try {
      setStatus(this.res, this.#statusCode, this.#statusMessage);
      this.#open(this.isEndHeld);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#replay();
  }

  #replay(): void {
    try {
      this.#held.replay(({ name, args }) =>
        name === 'addTrailers' ? this.passHeader(name, args) : this.pass(name, args),
      );
    } catch (error) {
      if (this.res.headersSent) {
        this.#breakOff('The response could not be sent', error);
      } else {
        // A layer above threw when it heard of the head.
        this.#fail(error);
      }
      return;
    }
    if (!this.isEndHeld) {
      this.#held.tellDrain();
    }
  }

  /** `end()` after the head is out: what was changed since is made durable first. */
  #beginLast(args: readonly unknown[]): boolean {
    if (this.isEndHeld) {
      return false;
    }
    const work = this.#commit(true);
    if (work === undefined) {
      this.isEndHeld = true;
      this.session.released();
      return false;
    }
    this.state = 'ending';
    this.isEndHeld = true;
    this.#shadow();
    work.then(
      () => this.#finish(args),
      (error: unknown) => {
        if (isTooLateForCookie(error)) {
          this.session.logFailure('A session that began after the response was dropped', error);
          this.#finish(args);
        } else {
          this.#breakOff('The session could not be stored after the response had begun', error);
          callBack(args, error);
        }
      },
    );
    return true;
  }

  #finish(args: readonly unknown[]): void {
    this.state = 'open';
    this.session.released();
    try {
      this.pass('end', args);
    } catch (error) {
      this.#breakOff('The response could not be ended', error);
      callBack(args, error);
    }
  }

  /** The client hung up, or the response is over. */
  #closed(): void {
    if (this.isEndHeld || this.state !== 'open') {
      return;
    }
    this.isEndHeld = true;
    this.session.close();
    const work = this.#commit(true) ?? Promise.resolve();
    work
      .catch((error: unknown) => {
        this.session.logFailure('The session of a client that hung up could not be stored', error);
      })
      .finally(() => this.session.released());
  }

  #breakOff(what: string, error: unknown): void {
    this.state = 'open';
    this.session.logFailure(what, error);
    breakConnection(this.res);
    this.#held.drop(error);
  }

  /** Nothing has left yet: the handler's response is dropped and the client is told the truth. */
  #fail(error: unknown): void {
    this.state = 'failed';
    this.session.close();
    const { res } = this;
    if (this.#statusCode >= 400) {
      this.session.logFailure(`A response with status ${this.#statusCode} was replaced`, error);
    }
    resetForFailure(res, this, this.#on);
    FAILED_SCOPE.run(this, () => answerInstead(res, this.session, error));
    this.#held.drop(error);
    // A stream that waits for the drain is let run dry instead of waiting for ever.
    this.#held.tellDrain();
  }
}

function isTooLateForCookie(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'session_headers_sent';
}
