import { callsOf } from './calls-of.js';
import { headersSentError } from './node-errors.js';
import { callOf } from './prepared-response.js';
import type {
  AnyFunction,
  GatedCall,
  GatedResponse,
  HeaderCall,
  SendingCall,
} from './response-gate.types.js';

/** The calls that change the head of a response, as they are on it. */
export type HeaderCalls = Readonly<Record<HeaderCall, AnyFunction>>;

/** The calls that send something, as they are on a response. */
export function sendingCallsOf(res: GatedResponse): Readonly<Record<SendingCall, AnyFunction>> {
  return {
    writeHead: callOf(res, 'writeHead'),
    write: callOf(res, 'write'),
    end: callOf(res, 'end'),
    flushHeaders: callOf(res, 'flushHeaders'),
  };
}

export function headerCallsOf(res: GatedResponse): HeaderCalls {
  return {
    setHeader: callOf(res, 'setHeader'),
    setHeaders: callOf(res, 'setHeaders'),
    appendHeader: callOf(res, 'appendHeader'),
    removeHeader: callOf(res, 'removeHeader'),
    addTrailers: callOf(res, 'addTrailers'),
  };
}

/** What a gate makes of the calls that change the head. */
export const HEADER_CALLS: Readonly<Record<HeaderCall, GatedCall>> = {
  setHeader: guarded('setHeader', 'set'),
  setHeaders: guarded('setHeaders', 'set'),
  appendHeader: guarded('appendHeader', 'append'),
  removeHeader: guarded('removeHeader', 'remove'),
  addTrailers(gate, _res, args) {
    if (gate.state === 'holding') {
      return void gate.holds('addTrailers', args);
    }
    return gate.mayPass ? gate.passHeader('addTrailers', args) : undefined;
  },
};

function guarded(name: HeaderCall, verb: 'set' | 'append' | 'remove'): GatedCall {
  return (gate, res, args) => {
    if (!gate.mayPass) {
      return res;
    }
    if (gate.seemsSent) {
      throw headersSentError(verb);
    }
    return gate.passHeader(name, args);
  };
}

const SHADOWS = callsOf(HEADER_CALLS);

/** From now on headers cannot be changed while the gate counts them as sent. */
export function shadowHeaderCalls(res: GatedResponse): void {
  Object.assign(res, SHADOWS);
}
