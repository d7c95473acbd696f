import { sendStatus } from './commit-error.js';
import { gateOf } from './exchange.js';
import { boundListener, FAILED_SCOPE, type Listener } from './failed-scope.js';
import { putCalls } from './gate-calls.js';
import { breakConnection, isHttp2 } from './http-protocol.js';
import { type AnyFunction, type Gate, type GatedResponse, type GateSession } from './response-gate.types.js';

const SECURITY_POLICY = /^content-security-policy/;
const OF_THE_CONTENT =
  /^(?:content-.*|transfer-encoding|trailer|etag|last-modified|location|set-cookie|cache-control|expires|accept-ranges|refresh)$/;

/**
 * Makes a response that has not been sent fit for another answer: what described the dropped content goes, what belongs
 * to the exchange (CORS, security headers, Vary) stays, and layers that were put above the gate are out of the way.
 */
export function resetForFailure(res: GatedResponse, gate: Gate, on: AnyFunction): void {
  putCalls(res);
  bindListeners(res, gate, on);
  guardStatus(res);
  // The end of the error response takes sources off that are piped in; left alone they would keep their files open.
  FAILED_SCOPE.run(undefined, () => res.on('unpipe', (source) => source.resume()));
  FAILED_SCOPE.run(gate, () => {
    dropContentHeaders(res);
    res.addTrailers({});
  });
}

/** From now on each listener runs in the scope that it was put on in: those that are there are the handler's. */
function bindListeners(res: GatedResponse, gate: Gate, on: AnyFunction): void {
  for (const type of res.eventNames()) {
    const listeners = res.rawListeners(type);
    res.removeAllListeners(type);
    for (const listener of listeners) {
      res.addListener(type, boundListener(res, type, listener as Listener, undefined));
    }
  }
  const binding = function (this: GatedResponse, type: string | symbol, listener: Listener): unknown {
    const scope = FAILED_SCOPE.getStore() === gate ? gate : undefined;
    return Reflect.apply(on, this, [type, boundListener(this, type, listener, scope)] as never[]);
  };
  Object.assign(res, { on: binding });
}

/** Answers the client instead of the handler. Whatever goes wrong with that, the client gets a response or sees none. */
export function answerInstead(res: GatedResponse, session: GateSession, error: unknown): void {
  const failed = (second: unknown) => {
    session.logFailure('The error response failed', second);
    answerAtLeast(res);
  };
  try {
    session.addDurableCookies(res);
    // Whoever waits for this promise does so in the scope that may write.
    Promise.resolve(session.answerFailure(error, res)).catch(failed);
  } catch (second) {
    failed(second);
  }
}

/** The bare status, or a broken connection where another response has begun. */
function answerAtLeast(res: GatedResponse): void {
  if (res.headersSent) {
    breakConnection(res);
    return;
  }
  const cookies = res.getHeader('Set-Cookie');
  dropContentHeaders(res);
  if (cookies !== undefined) {
    res.setHeader('Set-Cookie', cookies);
  }
  sendStatus(res, 503);
}

/** Takes off what describes a content that is not sent. */
function dropContentHeaders(res: GatedResponse): void {
  for (const name of res.getHeaderNames()) {
    if (OF_THE_CONTENT.test(name) && !SECURITY_POLICY.test(name)) {
      res.removeHeader(name);
    }
  }
}

/** A handler that goes on setting a status must not set the one of the error. */
function guardStatus(res: GatedResponse): void {
  for (const [name, initial] of [
    ['statusCode', 200],
    ['statusMessage', undefined],
  ] as const) {
    if (name === 'statusMessage' && isHttp2(res)) {
      continue;
    }
    const below = inherited(res, name);
    let value: unknown = initial;
    if (below?.set !== undefined) {
      Reflect.apply(below.set, res, [initial ?? '']);
    }
    Object.defineProperty(res, name, {
      configurable: true,
      enumerable: true,
      get: () => (below?.get === undefined ? value : (Reflect.apply(below.get, res, []) as unknown)),
      set(next: unknown) {
        if (gateOf(res)?.mayPass !== true) {
          return;
        }
        value = next;
        if (below?.set !== undefined) {
          Reflect.apply(below.set, res, [next]);
        }
      },
    });
  }
}

/** An accessor on the prototype chain: HTTP/2 keeps the status behind one. */
function inherited(res: GatedResponse, name: string): PropertyDescriptor | undefined {
  for (let at: object | null = Object.getPrototypeOf(res) as object; at !== null;) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name);
    if (descriptor !== undefined) {
      return descriptor;
    }
    at = Object.getPrototypeOf(at) as object | null;
  }
  return undefined;
}
