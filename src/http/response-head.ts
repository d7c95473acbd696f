import { STATUS_CODES } from 'node:http';
import { probe } from './node-errors.js';
import type { GatedResponse } from './response-gate.types.js';

/** What `writeHead()` was told, beside the headers. */
export interface ExplicitHead {
  readonly statusCode: number;
  readonly statusMessage: string | undefined;
}

/** Headers as `writeHead()` takes them. */
type HeadersArgument = Readonly<Record<string, unknown>> | readonly unknown[] | undefined;

const PLAIN_REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Does of `writeHead()` what does not send anything: checks the arguments as Node does, and sets the headers one by one,
 * so that others can still be appended.
 *
 * @throws what Node throws for these arguments
 */
export function applyHead(res: GatedResponse, args: readonly unknown[]): ExplicitHead {
  const [status, second, third] = args;
  const reason = typeof second === 'string' ? second : undefined;
  const headers = (reason === undefined ? (second ?? third) : third) as HeadersArgument;
  const statusCode = Number(status) | 0;
  const isOdd = Array.isArray(headers) && !Array.isArray(headers[0]) && headers.length % 2 !== 0;
  if (statusCode < 100 || statusCode > 999 || isOdd || (reason !== undefined && !PLAIN_REASON.test(reason))) {
    const stand = probe();
    stand.setHeader('x-probe', '1');
    Reflect.apply(stand.writeHead, stand, args);
  }
  applyHeaders(res, headers);
  res.statusCode = statusCode;
  if (reason !== undefined) {
    res.statusMessage = reason;
  } else if (res.req.httpVersionMajor !== 2 && !res.statusMessage) {
    res.statusMessage = STATUS_CODES[statusCode] ?? 'unknown';
  }
  return { statusCode, statusMessage: reason };
}

function applyHeaders(res: GatedResponse, headers: HeadersArgument): void {
  if (Array.isArray(headers)) {
    applyPairs(res, headers);
  } else if (headers) {
    for (const [name, value] of Object.entries(headers)) {
      if (name) {
        setHeader(res, name, value);
      }
    }
  }
}

/** A raw list may name a header several times: the first replaces what was set before, the others add to it. */
function applyPairs(res: GatedResponse, list: readonly unknown[]): void {
  const seen = new Set<string>();
  const flat = Array.isArray(list[0]) ? list.flat(1) : list;
  for (let i = 0; i < flat.length; i += 2) {
    const name = String(flat[i]);
    const key = name.toLowerCase();
    if (seen.has(key)) {
      res.appendHeader(name, flat[i + 1] as string | string[]);
    } else {
      seen.add(key);
      setHeader(res, name, flat[i + 1]);
    }
  }
}

function setHeader(res: GatedResponse, name: string, value: unknown): void {
  // Node itself checks the value and throws its own error.
  res.setHeader(name, value as string);
}
