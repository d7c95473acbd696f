import type { Request } from 'express';

/** Whether a person will look at the answer: they sent a form, or their browser asks for HTML by name. */
export function wantsPage(request: Request): boolean {
  if (request.is('json')) return false;
  // An Accept header that takes anything prefers the first.
  const types = request.is('urlencoded') ? ['html', 'json'] : ['json', 'html'];
  return request.accepts(types) === 'html';
}
