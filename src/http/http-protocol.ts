import { ServerResponse } from 'node:http';
import type { Http2ServerResponse, Http2Stream } from 'node:http2';
import type { GatedResponse } from './response-gate.types.js';

// What differs between a response of HTTP/1 and one of HTTP/2 in Node's compatibility layer.

/** INTERNAL_ERROR of RFC 9113, section 7. */
const INTERNAL_ERROR = 2;

export function isHttp2(res: GatedResponse): boolean {
  // Most are of HTTP/1, and an `instanceof` is much faster than two looks at what Express has changed.
  return !(res instanceof ServerResponse) && (res as GatedResponse).req.httpVersionMajor === 2;
}

/** The reason phrase; HTTP/2 has none, and warns when it is looked at. */
export function reasonOf(res: GatedResponse): string | undefined {
  return isHttp2(res) ? undefined : res.statusMessage;
}

/** Gives a response back the status that it had, if it has another one by now. */
export function setStatus(res: GatedResponse, statusCode: number, reason: string | undefined): void {
  if (res.statusCode !== statusCode) {
    res.statusCode = statusCode;
  }
  if (reasonOf(res) !== reason) {
    Object.assign(res, { statusMessage: reason });
  }
}

/** Whether the client has gone or everything is sent: no event will tell of it any more. */
export function isOver(res: GatedResponse): boolean {
  return isHttp2(res) ? streamOf(res).destroyed : res.destroyed;
}

/** Lets the client see that the response is not complete. */
export function breakConnection(res: GatedResponse): void {
  if (isHttp2(res)) {
    streamOf(res).close(INTERNAL_ERROR);
  } else {
    res.destroy();
  }
}

function streamOf(res: GatedResponse): Http2Stream {
  return (res as unknown as Http2ServerResponse).stream;
}
