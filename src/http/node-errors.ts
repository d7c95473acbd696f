import { type IncomingMessage, ServerResponse } from 'node:http';
import { isUint8Array } from 'node:util/types';

/** Node's own error for a header that comes after the head was sent. */
export function headersSentError(verb: 'set' | 'remove' | 'append' | 'write'): Error {
  return withCode(
    new Error(`Cannot ${verb} headers after they are sent to the client`),
    'ERR_HTTP_HEADERS_SENT',
  );
}

/** Node's own error for a write after `end()`. */
export function writeAfterEndError(): Error {
  return withCode(new Error('write after end'), 'ERR_STREAM_WRITE_AFTER_END');
}

/** Node's own error for a second `end()`. */
export function alreadyFinishedError(): Error {
  return withCode(new Error('Cannot call end after a stream was finished'), 'ERR_STREAM_ALREADY_FINISHED');
}

/**
 * A response of Node's that goes nowhere. What Node would reject is found out by asking it, not by copying its checks.
 */
export function probe(): ServerResponse {
  // The constructor reads nothing of the request but these.
  return new ServerResponse({ method: 'GET', httpVersionMajor: 1, httpVersionMinor: 1 } as IncomingMessage);
}

/** Whether a chunk is one that Node writes. */
export function isChunk(chunk: unknown): chunk is string | Uint8Array {
  return typeof chunk === 'string' || isUint8Array(chunk);
}

function withCode(error: Error, code: string): Error {
  return Object.assign(error, { code });
}
