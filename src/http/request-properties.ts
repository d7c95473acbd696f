import type { IncomingMessage } from 'node:http';
import { asHttp } from './session.exceptions.js';
import type { RequestSession } from './request-session.js';

/** Where a request keeps its session. */
const REQUEST_SESSION = Symbol('nest-sessions.request');

type SessionRequest = IncomingMessage & { [REQUEST_SESSION]?: RequestSession | undefined };

// One set of descriptors for all requests: the state is found through the request.
const PROPERTIES: PropertyDescriptorMap = {
  session: {
    configurable: true,
    enumerable: true,
    get(this: SessionRequest) {
      return this[REQUEST_SESSION]?.session;
    },
    set(this: SessionRequest, value: unknown) {
      const session = this[REQUEST_SESSION];
      if (session === undefined) {
        own(this, 'session', value);
        return;
      }
      try {
        session.session = value;
      } catch (error) {
        throw asHttp(error);
      }
    },
  },
  sessionID: {
    configurable: true,
    enumerable: true,
    get(this: SessionRequest) {
      return this[REQUEST_SESSION]?.active.id;
    },
    set: setterOf('sessionID'),
  },
  sessionStore: {
    configurable: true,
    enumerable: true,
    get(this: SessionRequest) {
      return this[REQUEST_SESSION]?.site.expressStore;
    },
    set: setterOf('sessionStore'),
  },
};

/** What it means to set a property of which there is nothing to set while the request has a session. */
function setterOf(name: 'sessionID' | 'sessionStore') {
  return function (this: SessionRequest, value: unknown): void {
    if (this[REQUEST_SESSION] !== undefined) {
      throw new TypeError(`req.${name} follows from the session and cannot be set.`);
    }
    own(this, name, value);
  };
}

/** The property of a request that has no session of ours is anybody's. When it gets one, ours are put there again. */
function own(req: SessionRequest, name: string, value: unknown): void {
  delete req[REQUEST_SESSION];
  Object.defineProperty(req, name, { value, configurable: true, enumerable: true, writable: true });
}

/** Puts on a request what its session will need to be there, without effect until it has one. */
export function prepareRequest(req: IncomingMessage): void {
  if (!isPrepared(req)) {
    (req as SessionRequest)[REQUEST_SESSION] = undefined;
    Object.defineProperties(req, PROPERTIES);
  }
}

/** Whether a request has been prepared, or has a session. */
export function isPrepared(req: IncomingMessage): boolean {
  return Object.hasOwn(req, REQUEST_SESSION);
}

/** Gives a request its session and express-session's three properties. */
export function attachSession(req: IncomingMessage, session: RequestSession): void {
  // Somebody may have put another session there since the request was prepared: from here on it has ours.
  const isOurs =
    isPrepared(req) && Object.getOwnPropertyDescriptor(req, 'session')?.get === PROPERTIES['session']?.get;
  (req as SessionRequest)[REQUEST_SESSION] = session;
  if (!isOurs) {
    Object.defineProperties(req, PROPERTIES);
  }
}

/** The session of a request; undefined where the middleware did not run. */
export function sessionOf(req: unknown): RequestSession | undefined {
  return typeof req === 'object' && req !== null ? (req as SessionRequest)[REQUEST_SESSION] : undefined;
}
