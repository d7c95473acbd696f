import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Gate } from './response-gate.types.js';

const EXCHANGE = Symbol('nest-sessions.exchange');

/**
 * What we keep of one request and its response. It hangs on both, and what changes changes in here: once Express has given them
 * another prototype, each look at one of them costs 0.2–0.6 µs, and a property that is new to it 3 µs (Node 20).
 */
export class Exchange {
  /** The request's session: a `RequestSession`, which needs this file and so is not named in it. */
  session: object | undefined;
  gate: Gate | undefined;
  /** The request that has properties of ours on it. One that inherits from it is another request. */
  request: IncomingMessage | undefined;
  /** The response that has properties of ours on it, whoever inherits from it. */
  response: ServerResponse | undefined;
  /** Whether the response has everything on it already that a gate will need. */
  isPrepared = false;
  /** Whether somebody else has set a property of the request that is ours where there is a session. */
  isTaken = false;

  /** The exchange that a request or a response belongs to; undefined where it has met nothing of ours. */
  static of(one: object): Exchange | undefined {
    return (one as { [EXCHANGE]?: Exchange })[EXCHANGE];
  }

  /** Lets a request or a response belong to it. */
  join(one: object): void {
    (one as { [EXCHANGE]?: Exchange })[EXCHANGE] = this;
  }
}

/** The gate on a response; undefined where there is none. */
export function gateOf(res: object): Gate | undefined {
  return Exchange.of(res)?.gate;
}
