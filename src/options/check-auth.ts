import { checkFunction, checkNames, checkObject, checkOneOf, shown } from './check.js';
import { SessionOptionsError } from './session-options.error.js';
import type { SessionAuthOptions } from './session.options.js';

export function checkAuth(auth: SessionAuthOptions): SessionAuthOptions {
  checkObject('auth', auth);
  checkNames('auth', auth, ['require', 'loginUrl', 'confirmUrl', 'returnTo', 'principal']);
  checkFunction('auth.principal', auth.principal);
  checkRequire(auth.require);
  checkLocation('auth.loginUrl', auth.loginUrl, '/login');
  checkLocation('auth.confirmUrl', auth.confirmUrl, '/confirm');
  checkOneOf('auth.returnTo', auth.returnTo ?? true, [true, false] as const);
  return auth;
}

/** A list without names would let everybody in. */
function checkRequire(value: unknown): void {
  const names: unknown[] = Array.isArray(value) ? value : [value];
  if (
    value !== undefined &&
    !(names.length > 0 && names.every((name) => typeof name === 'string' && name !== ''))
  ) {
    throw new SessionOptionsError({
      option: 'auth.require',
      problem: `${Array.isArray(value) ? 'the list' : shown(value)} names no field`,
      fix: "Give a field's name or a list of names, or leave it out to ask for login().",
    });
  }
}

function checkLocation(option: string, value: unknown, example: string): void {
  if (value !== undefined && !(typeof value === 'string' && isLocation(value))) {
    throw new SessionOptionsError({
      option,
      problem: `${shown(value)} is neither a path nor an http(s) address`,
      fix: `Give a path such as '${example}'.`,
    });
  }
}

function isLocation(url: string): boolean {
  return /^(?:\/(?![/\\])|https?:\/\/)[\x21-\x7e]*$/.test(url) && (url.startsWith('/') || URL.canParse(url));
}
