import type { IncomingMessage } from 'node:http';

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
