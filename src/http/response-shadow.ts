import { headersSentError } from './node-errors.js';
import { type AnyFunction, GATE, type GatedResponse, type HeaderCall } from './response-gate.types.js';

/** The calls that change the head of a response, as they are on it. */
export type HeaderCalls = Readonly<Record<HeaderCall, AnyFunction>>;

export function headerCallsOf(res: GatedResponse): HeaderCalls {
  const { setHeader, setHeaders, appendHeader, removeHeader, addTrailers } = res;
  return { setHeader, setHeaders, appendHeader, removeHeader, addTrailers };
}

/** What the prototype of a response says of itself, past the shadow that lies on it. */
function real(res: GatedResponse, property: 'headersSent' | 'writableEnded'): unknown {
  return Reflect.get(Object.getPrototypeOf(res) as object, property, res);
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

/** From now on the response reads as sent while its gate says so. */
export function shadowSent(res: GatedResponse): void {
  Object.defineProperty(res, 'headersSent', HEADERS_SENT);
  Object.defineProperty(res, 'writableEnded', WRITABLE_ENDED);
}

/** From now on headers cannot be changed while the gate counts them as sent. */
export function shadowHeaderCalls(res: GatedResponse): void {
  Object.assign(res, SHADOWS);
}

const SHADOWS = {
  setHeader: guarded('setHeader', 'set'),
  setHeaders: guarded('setHeaders', 'set'),
  appendHeader: guarded('appendHeader', 'append'),
  removeHeader: guarded('removeHeader', 'remove'),
  addTrailers(this: GatedResponse, ...args: unknown[]): unknown {
    const gate = this[GATE];
    if (gate?.state === 'holding') {
      return void gate.holds('addTrailers', args);
    }
    return gate?.mayPass === true ? gate.passHeader('addTrailers', args) : undefined;
  },
};

function guarded(name: HeaderCall, verb: 'set' | 'append' | 'remove') {
  return function (this: GatedResponse, ...args: unknown[]): unknown {
    const gate = this[GATE];
    if (gate?.mayPass !== true) {
      return this;
    }
    if (gate.seemsSent) {
      throw headersSentError(verb);
    }
    return gate.passHeader(name, args);
  };
}
