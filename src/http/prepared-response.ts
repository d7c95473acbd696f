import { ServerResponse } from 'node:http';
import { type AnyFunction, type Call, GATE, type GatedResponse } from './response-gate.types.js';

/** Calls that do what they would do if they were not there, until a gate takes their place. */
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

const CALLS = Object.keys(PREPARED) as Call[];

function prepared(name: Call): AnyFunction {
  return function (this: GatedResponse, ...args: never[]): unknown {
    const call: AnyFunction = this[GATE]?.calls?.[name] ?? inherited(this, name);
    return Reflect.apply(call, this, args);
  };
}

/** What a prepared response would do at a call by itself. */
export function inherited(res: object, name: Call): AnyFunction {
  const call: AnyFunction = (Object.getPrototypeOf(res) as ServerResponse)[name];
  // Somebody may have made an object that inherits from a response.
  return call === PREPARED[name] ? (beneath(res) as ServerResponse)[name] : call;
}

/** What the prototype of a response says of itself, past the shadow that lies on it. */
function real(res: GatedResponse, property: 'headersSent' | 'writableEnded'): unknown {
  return Reflect.get(beneath(res), property, res);
}

/** The prototype of the response itself, whatever inherits from that. */
function beneath(res: object): object {
  let at = res;
  while (!isPrepared(at)) {
    at = Object.getPrototypeOf(at) as object;
  }
  return Object.getPrototypeOf(at) as object;
}

// Constants: a descriptor made for each request costs several times as much.
const HEADERS_SENT: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: GatedResponse) {
    return this[GATE]?.seemsSent === true || real(this, 'headersSent');
  },
};
const WRITABLE_ENDED: PropertyDescriptor = {
  configurable: true,
  enumerable: true,
  get(this: GatedResponse) {
    return this[GATE]?.seemsEnded === true || real(this, 'writableEnded');
  },
};

/** The status of a response that nothing was said of. */
const UNSAID = {
  statusCode: ServerResponse.prototype.statusCode,
  statusMessage: ServerResponse.prototype.statusMessage,
};

const NAMES = [...CALLS, ...Object.keys(UNSAID), 'headersSent', 'writableEnded'];

/**
 * Puts everything on a response that a gate will need to be there, without effect until there is one. A response on which somebody
 * has put something of the kind already, such as tracing does, is left alone: the gate will lie above that.
 */
export function prepareResponse(res: GatedResponse): void {
  if (isPrepared(res) || NAMES.some((name) => Object.hasOwn(res, name))) {
    return;
  }
  res[GATE] = undefined;
  Object.assign(res, PREPARED);
  // Each response sets them sooner or later.
  res.statusCode = UNSAID.statusCode;
  res.statusMessage = UNSAID.statusMessage;
  shadowSent(res);
}

/** Whether a response has been prepared, or has a gate. */
export function isPrepared(res: object): boolean {
  return Object.hasOwn(res, GATE);
}

/** From now on the response reads as sent while its gate says so. One that was prepared does already. */
export function shadowSent(res: GatedResponse): void {
  if (Object.getOwnPropertyDescriptor(res, 'headersSent')?.get === HEADERS_SENT.get) {
    return;
  }
  Object.defineProperty(res, 'headersSent', HEADERS_SENT);
  Object.defineProperty(res, 'writableEnded', WRITABLE_ENDED);
}

/** What a response does at a call, as it is on it now. */
export function callOf(res: GatedResponse, name: Call): AnyFunction {
  const call: AnyFunction = res[name];
  return call === PREPARED[name] ? inherited(res, name) : call;
}

/** Whether the calls on a response are those that it was prepared with, so that a gate need not lie above them. */
export function isUntouched(res: GatedResponse): boolean {
  return CALLS.every((name) => res[name] === PREPARED[name]);
}

/** Whether a call is the one that responses are prepared with. */
export function isPreparedCall(name: Call, call: AnyFunction): boolean {
  return call === PREPARED[name];
}
