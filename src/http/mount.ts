import { SessionOptionsError } from '../options/session-options.error.js';
import type { SessionHttp } from './session-http.js';

const MOUNTED = Symbol('nest-sessions.mounted');

/** What mounting needs of Nest's HTTP adapter. */
export interface MountTarget {
  use(...args: unknown[]): unknown;
  [MOUNTED]?: SessionHttp;
}

/** Whether an adapter is there that middleware can be mounted on. */
export function isMountTarget(adapter: unknown): adapter is MountTarget {
  return (
    typeof adapter === 'object' && adapter !== null && 'use' in adapter && typeof adapter.use === 'function'
  );
}

/**
 * Puts the session middleware on an HTTP adapter. A second time it does nothing.
 *
 * @throws {SessionOptionsError} when another module's sessions are there already
 */
export function mountSessions(adapter: MountTarget, http: SessionHttp): void {
  if (adapter[MOUNTED] === http) {
    return;
  }
  if (adapter[MOUNTED] !== undefined) {
    throw secondModule();
  }
  adapter[MOUNTED] = http;
  adapter.use(http.handle);
}

/** What a second `SessionModule` in one application is answered with. */
export function secondModule(): SessionOptionsError {
  return new SessionOptionsError({
    option: 'SessionModule',
    problem: 'it is imported twice with forRoot() or forRootAsync() in one application',
    fix: 'Import it once, in the root module; it is global.',
  });
}
