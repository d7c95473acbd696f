import { checkNames } from './check.js';
import { SessionOptionsError } from './session-options.error.js';
import type { SessionMiddlewareOptions } from './session.options.js';

/**
 * Refuses what would do nothing without Nest, where there is no `login()`: only the fields tell who is logged in. The options are
 * otherwise checked.
 *
 * @throws {SessionOptionsError} naming the option, the problem and the fix
 */
export function checkMiddleware(options: SessionMiddlewareOptions): void {
  const { auth = {}, registry, maxSessions } = options;
  checkNames('auth', auth, ['principal']);
  if ('remember' in options && options.remember !== undefined) {
    throw new SessionOptionsError({
      option: 'remember',
      problem: 'it is for login(id, { remember: true }), which createSessionMiddleware() has not',
      fix: 'Leave it out; idleTimeout and absoluteTimeout say how long sessions last.',
    });
  }
  if (auth.principal !== undefined) {
    return;
  }
  for (const [option, isSet] of [
    ['maxSessions', maxSessions !== undefined],
    ['registry', registry !== undefined && registry !== false],
  ] as const) {
    if (isSet) {
      throw new SessionOptionsError({
        option,
        problem:
          'it means nothing in createSessionMiddleware() without auth.principal, which tells who is logged in',
        fix: 'Give auth.principal, such as passportPrincipal(), or leave it out.',
      });
    }
  }
}
