import type { IncomingMessage } from 'node:http';

/** Whether nobody sees the answer, at least not now: it has no body, or is fetched on suspicion (WICG Prefetch, Sec-Purpose). */
export function isUnseen({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'HEAD' ||
    [headers['sec-purpose'], headers['purpose']].some((purpose) => /\bprefetch\b/i.test(String(purpose)))
  );
}
