import { isPreparedCall } from './prepared-response.js';
import { callsOf } from './calls-of.js';
import { alreadyFinishedError, headersSentError, isChunk, probe, writeAfterEndError } from './node-errors.js';
import type { AnyFunction, Gate, GatedCall, GatedResponse, SendingCall } from './response-gate.types.js';

/** Tells the callback among a call's arguments, if there is one, that the call came to nothing. */
export function callBack(args: readonly unknown[], error: unknown): void {
  const callback = args.findLast((argument) => typeof argument === 'function');
  if (callback !== undefined) {
    process.nextTick(callback as (error: unknown) => void, error);
  }
}

/** What a gate makes of the calls that send something. */
export const SENDING_CALLS: Readonly<Record<SendingCall, GatedCall>> = {
  writeHead(gate, res, args) {
    if (gate.state === 'open' || gate.state === 'ending') {
      return gate.pass('writeHead', args);
    }
    if (gate.state === 'failed') {
      return gate.mayPass ? gate.pass('writeHead', args) : res;
    }
    if (gate.state !== 'idle') {
      throw headersSentError('write');
    }
    gate.writeHead(args);
    return res;
  },

  flushHeaders(gate, res) {
    if (!gate.mayPass || gate.isEndHeld) {
      return;
    }
    announceHead(gate, res);
    if (gate.state === 'failed' || !gate.holds('flushHeaders', [])) {
      gate.pass('flushHeaders', []);
    }
  },

  write(gate, res, args) {
    if (gate.state === 'open') {
      return gate.pass('write', args);
    }
    if (gate.state === 'failed') {
      return gate.mayPass ? gate.pass('write', args) : swallowed(args, true);
    }
    const [chunk] = args;
    if (!isChunk(chunk)) {
      refuse('write', args);
    }
    if (gate.isEndHeld) {
      callBack(args, writeAfterEndError());
      return false;
    }
    announceHead(gate, res);
    return gate.holds('write', args) ? false : gate.pass('write', args);
  },

  end(gate, res, args) {
    if (gate.state === 'failed') {
      return gate.mayPass ? gate.pass('end', args) : swallowed(args, res);
    }
    const [chunk] = args;
    if (chunk && typeof chunk !== 'function' && !isChunk(chunk)) {
      refuse('end', args);
    }
    if (gate.isEndHeld && gate.state !== 'open') {
      callBack(args, isChunk(chunk) && chunk.length > 0 ? writeAfterEndError() : alreadyFinishedError());
      return res;
    }
    return gate.holds('end', args) ? res : gate.pass('end', args);
  },
};

/** Lets Node say what is wrong with the arguments of a call. */
function refuse(name: 'write' | 'end', args: readonly unknown[]): void {
  const stand = probe();
  const call: AnyFunction = stand[name];
  Reflect.apply(call, stand, args as never[]);
}

/**
 * A layer above may wait for the head to decide what it does with what follows (compression does). Node tells it at the
 * first `write()` or `flushHeaders()`, by way of `writeHead()`; so do we, since we keep those calls from Node.
 */
function announceHead({ state }: Gate, res: GatedResponse): void {
  if (state !== 'idle') {
    return;
  }
  const { writeHead } = res;
  if (writeHead !== CALLS.writeHead && !isPreparedCall('writeHead', writeHead)) {
    res.writeHead(res.statusCode);
  }
}

function swallowed<T>(args: readonly unknown[], answer: T): T {
  callBack(args, new Error('The response was replaced because its session could not be stored.'));
  return answer;
}

/** The same as functions of the response. */
const CALLS = callsOf(SENDING_CALLS);

/** Puts them on the response, above whatever is there. */
export function putCalls(res: GatedResponse): void {
  Object.assign(res, CALLS);
}
