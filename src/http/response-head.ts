import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { isHttp2, reasonOf } from './http-protocol.js';
import { probe } from './node-errors.js';
import type { GatedResponse } from './response-gate.types.js';

/** What `writeHead()` was told, beside the headers. */
export interface ExplicitHead {
  readonly statusCode: number;
  readonly statusMessage: string | undefined;
}

/** Headers as `writeHead()` takes them. */
type HeadersArgument = Readonly<Record<string, unknown>> | readonly unknown[] | null | undefined;

const PLAIN_REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Does of `writeHead()` what does not send anything: checks the arguments as Node does, and sets the headers one by one,
 * so that others can still be appended. When it throws, the headers are as they were.
 *
 * @throws what Node throws for these arguments
 */
export function applyHead(res: GatedResponse, args: readonly unknown[]): ExplicitHead {
  const [status, second, third] = args;
  const reason = typeof second === 'string' ? second : undefined;
  const headers = (third ?? (reason === undefined ? second : undefined)) as HeadersArgument;
  const isOdd = Array.isArray(headers) && !Array.isArray(headers[0]) && headers.length % 2 !== 0;
  if (isOdd || !isStatus(status) || !isReason(reason ?? reasonOf(res))) {
    refuse(res, args);
  }
  const pairs = pairsOf(headers);
  if (!isHttp2(res)) {
    for (const [name, value] of pairs) {
      validateHeaderName(name);
      validateHeaderValue(name, value as string);
    }
  }
  const statusCode = Number(status) | 0;
  res.statusCode = statusCode;
  setHeaders(res, pairs);
  if (reason !== undefined) {
    res.statusMessage = reason;
  } else if (!isHttp2(res) && !res.statusMessage) {
    res.statusMessage = STATUS_CODES[statusCode] ?? 'unknown';
  }
  return { statusCode, statusMessage: reason };
}

/**
 * Checks the head of a response that leaves it to Node.
 *
 * @throws what Node throws for such a status
 */
export function assertImplicitHead(res: GatedResponse, status: unknown, reason: string | undefined): void {
  if (!isStatus(status) || !isReason(reason)) {
    refuse(res, [status]);
  }
}

function isStatus(status: unknown): boolean {
  const code = Number(status) | 0;
  return code >= 100 && code <= 999;
}

function isReason(reason: string | undefined): boolean {
  return reason === undefined || PLAIN_REASON.test(reason);
}

/** Lets Node say what is wrong with a head. */
function refuse(res: GatedResponse, args: readonly unknown[]): void {
  const stand = probe();
  stand.setHeader('x-probe', '1');
  const reason = reasonOf(res);
  if (reason !== undefined) {
    stand.statusMessage = reason;
  }
  Reflect.apply(stand.writeHead, stand, args);
}

function pairsOf(headers: HeadersArgument): [string, unknown][] {
  if (!Array.isArray(headers)) {
    return Object.entries(headers ?? {}).filter(([name]) => name);
  }
  const list: readonly unknown[] = Array.isArray(headers[0]) ? headers.flat(1) : headers;
  const pairs: [string, unknown][] = [];
  for (let i = 0; i < list.length; i += 2) {
    pairs.push([String(list[i]), list[i + 1]]);
  }
  return pairs;
}

/** A list may name a header several times: the first replaces what was set before, the others add to it. */
function setHeaders(res: GatedResponse, pairs: readonly [string, unknown][]): void {
  const seen = new Set<string>();
  for (const [name, value] of pairs) {
    const key = name.toLowerCase();
    if (seen.has(key)) {
      res.appendHeader(name, value as string);
    } else {
      seen.add(key);
      // Node itself checks the value and throws its own error.
      res.setHeader(name, value as string);
    }
  }
}
