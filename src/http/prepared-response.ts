import { ServerResponse } from 'node:http';
import { Exchange } from './exchange.js';
import type { AnyFunction, Call } from './response-gate.types.js';

/** Calls that do what they would do if they were not there, until a gate answers within them. */
const PREPARED: Readonly<Record<Call, AnyFunction>> = {
  writeHead: prepared('writeHead'),
  write: prepared('write'),
  end: prepared('end'),
  flushHeaders: prepared('flushHeaders'),
  setHeader: prepared('setHeader'),
  setHeaders: prepared('setHeaders'),
  appendHeader: prepared('appendHeader'),
  removeHeader: prepared('removeHeader'),
  addTrailers: prepared('addTrailers'),
};

function prepared(name: Call): AnyFunction {
  return function (this: ServerResponse, ...args: unknown[]): unknown {
    const exchange = Exchange.of(this);
    const gate = exchange?.gate;
    return gate?.within === undefined
      ? Reflect.apply(inherited(exchange?.response ?? this, name), this, args)
      : gate.within[name](gate, this, args);
  };
}

/** What a response does at a call by itself, below everything that lies on it. */
export function inherited(response: ServerResponse, name: Call): (...args: unknown[]) => unknown {
  return (Object.getPrototypeOf(response) as Record<Call, (...args: unknown[]) => unknown>)[name];
}

/** What a response says of itself, past the shadow that lies on it. */
function real(
  res: ServerResponse,
  { response }: Exchange,
  property: 'headersSent' | 'writableEnded',
): unknown {
  return Reflect.get(Object.getPrototypeOf(response ?? res) as object, property, res);
}

// Constants: a descriptor made for each request costs several times as much.
const HEADERS_SENT: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: ServerResponse) {
    const exchange = Exchange.of(this);
    return exchange && (exchange.gate?.seemsSent === true || real(this, exchange, 'headersSent'));
  },
};
const WRITABLE_ENDED: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: ServerResponse) {
    const exchange = Exchange.of(this);
    return exchange && (exchange.gate?.seemsEnded === true || real(this, exchange, 'writableEnded'));
  },
};

/**
 * Puts everything on a response that a gate will need to be there, without effect until there is one. A response on which somebody
 * has put something of the kind already, such as tracing does, is left alone: the gate will lie above that.
 */
export function prepareResponse(res: ServerResponse, exchange: Exchange): void {
  const { prototype } = ServerResponse;
  if (!isBare(res, prototype)) {
    return;
  }
  exchange.join(res);
  exchange.response = res;
  exchange.isPrepared = true;
  Object.assign(res, PREPARED);
  // Each response sets them sooner or later.
  res.statusCode = prototype.statusCode;
  res.statusMessage = prototype.statusMessage;
  shadowSent(res);
}

/** Name by name, which is ten times as fast as to ask for each whether it is the response's own. */
function isBare(res: ServerResponse, prototype: ServerResponse): boolean {
  return (
    res.writeHead === prototype.writeHead &&
    res.write === prototype.write &&
    res.end === prototype.end &&
    res.flushHeaders === prototype.flushHeaders &&
    res.setHeader === prototype.setHeader &&
    res.setHeaders === prototype.setHeaders &&
    res.appendHeader === prototype.appendHeader &&
    res.removeHeader === prototype.removeHeader &&
    res.addTrailers === prototype.addTrailers &&
    res.on === prototype.on &&
    res.statusCode === prototype.statusCode &&
    res.statusMessage === prototype.statusMessage &&
    !Object.hasOwn(res, 'headersSent') &&
    !Object.hasOwn(res, 'writableEnded')
  );
}

/** From now on the response reads as sent while its gate says so. One that was prepared does already. */
export function shadowSent(res: ServerResponse): void {
  if (Object.getOwnPropertyDescriptor(res, 'headersSent')?.get === HEADERS_SENT.get) {
    return;
  }
  Object.defineProperty(res, 'headersSent', HEADERS_SENT);
  Object.defineProperty(res, 'writableEnded', WRITABLE_ENDED);
}

/** What a response does at a call, as it is on it now. */
export function callOf(res: ServerResponse, name: Call): AnyFunction {
  const call: AnyFunction = res[name];
  return call === PREPARED[name] ? inherited(Exchange.of(res)?.response ?? res, name) : call;
}

/** Whether nobody has put anything on what a prepared response sends and tells by, so that a gate need not lie above anything. */
export function isUntouched(res: ServerResponse): boolean {
  const { writeHead, write, end, flushHeaders } = PREPARED;
  return (
    res.end === end &&
    res.writeHead === writeHead &&
    res.write === write &&
    res.flushHeaders === flushHeaders &&
    res.on === ServerResponse.prototype.on
  );
}

/** Whether a call is the one that responses are prepared with. */
export function isPreparedCall(name: Call, call: AnyFunction): boolean {
  return call === PREPARED[name];
}
