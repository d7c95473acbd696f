import type { IncomingMessage } from 'node:http';
import { asHttp } from './session.exceptions.js';
import type { RequestSession } from './request-session.js';

/** Where a request keeps its session. */
const REQUEST_SESSION = Symbol('nest-sessions.request');

type SessionRequest = IncomingMessage & { [REQUEST_SESSION]?: RequestSession };

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
      if (session !== undefined) {
        try {
          session.session = value;
        } catch (error) {
          throw asHttp(error);
        }
      }
    },
  },
  sessionID: {
    configurable: true,
    enumerable: true,
    get(this: SessionRequest) {
      return this[REQUEST_SESSION]?.active.id;
    },
  },
  sessionStore: {
    configurable: true,
    enumerable: true,
    get(this: SessionRequest) {
      return this[REQUEST_SESSION]?.site.expressStore;
    },
  },
};

/** Gives a request its session and express-session's three properties. */
export function attachSession(req: IncomingMessage, session: RequestSession): void {
  (req as SessionRequest)[REQUEST_SESSION] = session;
  Object.defineProperties(req, PROPERTIES);
}

/** The session of a request; undefined where the middleware did not run. */
export function sessionOf(req: unknown): RequestSession | undefined {
  return typeof req === 'object' && req !== null ? (req as SessionRequest)[REQUEST_SESSION] : undefined;
}
