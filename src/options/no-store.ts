import type { SessionRecord } from '../core/record.js';
import type { SealedSessions } from '../core/sealed-sessions.js';
import { type Replaced, SessionStore } from '../core/session-store.js';
import { SessionOptionsError } from './session-options.error.js';

/**
 * What there is to say where a store is asked for and sessions live in their cookie: at boot for an option that needs one,
 * otherwise when it is used.
 *
 * @param what needs a store
 * @param option that asks for it
 */
export function needsStore(what: string, option = 'store'): SessionOptionsError {
  return new SessionOptionsError({
    option,
    problem: `${what} needs a store, and these sessions live in their own cookie, of which the server knows none but the one it is shown`,
    fix: 'Choose a store that keeps sessions on a server, or do without.',
  });
}

/** What is injected as `SessionStore` where sessions live in their cookie: every operation says that there is no store. */
export class NoStore extends SessionStore {
  constructor(
    /** Where the sessions are instead. */
    readonly sessions: SealedSessions,
  ) {
    super();
  }

  read(): Promise<SessionRecord | undefined> {
    return Promise.reject(needsStore('SessionStore.read()'));
  }

  create(): Promise<boolean> {
    return Promise.reject(needsStore('SessionStore.create()'));
  }

  replace(): Promise<Replaced> {
    return Promise.reject(needsStore('SessionStore.replace()'));
  }

  touch(): Promise<boolean> {
    return Promise.reject(needsStore('SessionStore.touch()'));
  }

  remove(): Promise<SessionRecord | undefined> {
    return Promise.reject(needsStore('SessionStore.remove()'));
  }

  override readMany(): Promise<(SessionRecord | undefined)[]> {
    return Promise.reject(needsStore('SessionStore.readMany()'));
  }
}
