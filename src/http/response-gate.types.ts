import type { ServerResponse } from 'node:http';

/** A response that can have a gate on it. Only documented members are used, so that HTTP/2's response fits as well. */
export type GatedResponse = ServerResponse;

/** What a gate makes of a call on its response. */
export type GatedCall = (gate: Gate, res: GatedResponse, args: readonly unknown[]) => unknown;

/** The calls that send something. */
export type SendingCall = 'writeHead' | 'write' | 'end' | 'flushHeaders';

/** The calls that change the head, and the trailers. */
export type HeaderCall = 'setHeader' | 'setHeaders' | 'appendHeader' | 'removeHeader' | 'addTrailers';

/** What a gate lies on. */
export type Call = SendingCall | HeaderCall;

export type AnyFunction = (...args: never[]) => unknown;

/** A call that waits for the commit. */
export interface HeldCall {
  readonly name: 'write' | 'end' | 'flushHeaders' | 'addTrailers';
  readonly args: readonly unknown[];
}

/**
 * - `idle`: nothing was sent yet.
 * - `headed`: `writeHead()` was called; headers count as sent, nothing is under way.
 * - `holding`: the commit before the first byte is under way and calls are kept.
 * - `open`: the head is out; calls go through.
 * - `ending`: the last commit is under way and `end()` is kept.
 * - `failed`: the commit failed before the first byte; only the error path may write.
 */
export type GateState = 'idle' | 'headed' | 'holding' | 'open' | 'ending' | 'failed';

/** What the calls on a response need of its gate. */
export interface Gate {
  /** What the calls that the response was prepared with come to; undefined where the gate lies above them. */
  readonly within: Readonly<Record<Call, GatedCall>> | undefined;
  readonly state: GateState;
  /** True once the handler has called `end()`. */
  readonly isEndHeld: boolean;
  /** Whether the head counts as sent for who is asking. */
  readonly seemsSent: boolean;
  /** Whether the response counts as ended for who is asking. */
  readonly seemsEnded: boolean;
  /** Whether a call goes through to the response: always but for a handler whose response has been replaced. */
  readonly mayPass: boolean;
  /** Takes note of an explicit head; throws what Node throws for such arguments. */
  writeHead(args: readonly unknown[]): void;
  /** Whether a call has to wait; starts the commit at the first one. */
  holds(name: HeldCall['name'], args: readonly unknown[]): boolean;
  /** Calls what was on the response when the gate was installed. */
  pass(name: SendingCall, args: readonly unknown[]): unknown;
  /** Calls what changes the head, as it was before the gate lay on it. */
  passHeader(name: HeaderCall, args: readonly unknown[]): unknown;
}

/** What a gate asks of the session behind it, and tells it. */
export interface GateSession {
  /** The response ends: the session takes no more writes. */
  close(): void;
  /** Makes everything durable; undefined when there is nothing to do. */
  commit(): Promise<void> | undefined;
  /** Adds the headers that follow from the session, just before the head goes out. */
  addHeaders(res: GatedResponse): void;
  /** Adds the cookies of what is durable although the commit failed. */
  addDurableCookies(res: GatedResponse): void;
  /** The head is out. */
  headSent(): void;
  /** All that the session has to do for this response is done. */
  released(): void;
  /** Answers the client instead of the handler. */
  answerFailure(error: unknown, res: GatedResponse): void | Promise<void>;
  /** Puts a failure that the client cannot be told of into the log. */
  logFailure(what: string, error: unknown): void;
}
