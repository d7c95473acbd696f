import { alreadyFinishedError, headersSentError, isChunk, probe, writeAfterEndError } from './node-errors.js';
import { isPreparedCall } from './prepared-response.js';
import { GATE, type GatedResponse } from './response-gate.types.js';

/** Tells the callback among a call's arguments, if there is one, that the call came to nothing. */
export function callBack(args: readonly unknown[], error: unknown): void {
  const callback = args.findLast((argument) => typeof argument === 'function');
  if (callback !== undefined) {
    process.nextTick(callback as (error: unknown) => void, error);
  }
}

/** What lies on a gated response in place of the calls that send something. */
export const SENDING_CALLS = {
  writeHead(this: GatedResponse, ...args: unknown[]): unknown {
    const gate = this[GATE];
    if (gate === undefined || gate.state === 'open' || gate.state === 'ending') {
      return gate?.pass('writeHead', args);
    }
    if (gate.state === 'failed') {
      return gate.mayPass ? gate.pass('writeHead', args) : this;
    }
    if (gate.state !== 'idle') {
      throw headersSentError('write');
    }
    gate.writeHead(args);
    return this;
  },

  flushHeaders(this: GatedResponse): void {
    const gate = this[GATE];
    if (gate === undefined || !gate.mayPass || gate.isEndHeld) {
      return;
    }
    announceHead(this);
    if (gate.state === 'failed' || !gate.holds('flushHeaders', [])) {
      gate.pass('flushHeaders', []);
    }
  },

  write(this: GatedResponse, ...args: unknown[]): unknown {
    const gate = this[GATE];
    if (gate === undefined || gate.state === 'open') {
      return gate?.pass('write', args);
    }
    if (gate.state === 'failed') {
      return gate.mayPass ? gate.pass('write', args) : swallowed(args, true);
    }
    const [chunk] = args;
    if (!isChunk(chunk)) {
      Reflect.apply(probe().write, probe(), args);
    }
    if (gate.isEndHeld) {
      callBack(args, writeAfterEndError());
      return false;
    }
    announceHead(this);
    return gate.holds('write', args) ? false : gate.pass('write', args);
  },

  end(this: GatedResponse, ...args: unknown[]): unknown {
    const gate = this[GATE];
    if (gate === undefined || (gate.state === 'failed' && gate.mayPass)) {
      return gate?.pass('end', args);
    }
    if (gate.state === 'failed') {
      return swallowed(args, this);
    }
    const [chunk] = args;
    if (chunk && typeof chunk !== 'function' && !isChunk(chunk)) {
      Reflect.apply(probe().end, probe(), args);
    }
    if (gate.isEndHeld && gate.state !== 'open') {
      callBack(args, isChunk(chunk) && chunk.length > 0 ? writeAfterEndError() : alreadyFinishedError());
      return this;
    }
    return gate.holds('end', args) ? this : gate.pass('end', args);
  },
};

/**
 * A layer above may wait for the head to decide what it does with what follows (compression does). Node tells it at the
 * first `write()` or `flushHeaders()`, by way of `writeHead()`; so do we, since we keep those calls from Node.
 */
function announceHead(res: GatedResponse): void {
  const { writeHead } = res;
  const isLayerAbove = writeHead !== SENDING_CALLS.writeHead && !isPreparedCall('writeHead', writeHead);
  if (res[GATE]?.state === 'idle' && isLayerAbove) {
    res.writeHead(res.statusCode);
  }
}

function swallowed<T>(args: readonly unknown[], answer: T): T {
  callBack(args, new Error('The response was replaced because its session could not be stored.'));
  return answer;
}

/** Puts them on the response, above whatever is there. */
export function putCalls(res: GatedResponse): void {
  // The overloads of the originals cannot be written as one function; what is passed on is what came in.
  Object.assign(res, SENDING_CALLS);
}
