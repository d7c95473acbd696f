import type { ServerResponse } from 'node:http';

/** A response that carries a credential is kept by nobody, unless the handler already said something as strict. */
export function preventCaching(res: ServerResponse): void {
  const said = String(res.getHeader('Cache-Control') ?? '');
  if (!/\b(?:private|no-cache|no-store)\b/i.test(said)) {
    res.setHeader('Cache-Control', 'no-store');
  }
}

/** Adds cookies to a response, which is kept by nobody then. */
export function appendCookies(res: ServerResponse, setCookies: readonly string[]): void {
  for (const setCookie of setCookies) {
    res.appendHeader('Set-Cookie', setCookie);
    preventCaching(res);
  }
}

/** A response that depends on the session differs by cookie. */
export function varyByCookie(res: ServerResponse): void {
  const said = res.getHeader('Vary');
  if (said === undefined) {
    res.setHeader('Vary', 'Cookie');
    return;
  }
  const names = (Array.isArray(said) ? said.join(',') : String(said)).toLowerCase().split(',');
  if (!names.some((name) => name.trim() === 'cookie' || name.trim() === '*')) {
    res.appendHeader('Vary', 'Cookie');
  }
}
