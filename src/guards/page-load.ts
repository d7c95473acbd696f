import type { IncomingMessage } from 'node:http';
import { pathOf } from '../http/route-filter.js';

/**
 * Whether a request is a browser that opens a page, and not a script or another program. Browsers say so themselves
 * (Fetch Metadata); over plain http they do not, and what they accept has to tell.
 */
export function isPageLoad({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET' && method !== 'HEAD') {
    return false;
  }
  const mode = headers['sec-fetch-mode'];
  return mode === undefined ? /\btext\/html\b/i.test(headers.accept ?? '') : mode === 'navigate';
}

/** Whether a request asks for this very address: to be sent there once more would never end. */
export function isAt(address: string, req: IncomingMessage): boolean {
  if (address.startsWith('/')) {
    return address.split(/[?#]/)[0] === pathOf(req);
  }
  const { host, pathname } = new URL(address);
  return host === req.headers.host && pathname === pathOf(req);
}
