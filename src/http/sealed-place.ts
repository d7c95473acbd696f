import session from 'express-session';
import { systemClock } from '../core/clock.js';
import { SealedBackend } from '../core/sealed-backend.js';
import type { SealedSessions } from '../core/sealed-sessions.js';
import { systemRandom } from '../core/token.js';
import { needsStore } from '../options/no-store.js';
import type { ResolvedSessionOptions } from '../options/resolved-options.js';
import { SealedTransport } from './sealed.transport.js';
import type { SessionPlace } from './session-place.js';

/** Sessions that live in their own cookie. */
export function inCookie(sessions: SealedSessions, options: ResolvedSessionOptions): SessionPlace {
  const { name, secrets, lifetime, maxBytes, clock = systemClock } = options;
  const sealer = sessions.sealer(secrets, name);
  return {
    backend: new SealedBackend({ sealer, lifetime, clock, random: systemRandom, maxBytes }),
    transport: new SealedTransport(name, sealer),
    expressStore: new NoExpressStore(),
    open: () => sealer.open(),
    close: () => Promise.resolve(),
  };
}

type Callback = (error: unknown) => void;

/** `req.sessionStore` where there is none: what would look into it is told so. */
class NoExpressStore extends session.Store {
  override get(_sid: string, callback: Callback): void {
    refuse('req.sessionStore.get()', callback);
  }

  override set(_sid: string, _data: session.SessionData, callback?: Callback): void {
    refuse('req.sessionStore.set()', callback);
  }

  override touch(_sid: string, _data: session.SessionData, callback?: Callback): void {
    refuse('req.sessionStore.touch()', callback);
  }

  override destroy(_sid: string, callback?: Callback): void {
    refuse('req.sessionStore.destroy()', callback);
  }

  /** Gives a request a new session. */
  override regenerate(req: { session: session.Session }, callback: Callback): void {
    req.session.regenerate(callback);
  }
}

/** Where nobody listens it is thrown: it must not look as if it had been done. */
function refuse(what: string, callback: Callback | undefined): void {
  if (callback === undefined) {
    throw needsStore(what);
  }
  process.nextTick(callback, needsStore(what));
}
