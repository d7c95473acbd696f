import type { IncomingMessage } from 'node:http';
import { Exchange } from './exchange.js';
import type { RequestSession } from './request-session.js';
import { asHttp } from './session.exceptions.js';

// One set of descriptors for all requests: the state is found through the request.
const PROPERTIES: PropertyDescriptorMap = {
  session: {
    configurable: true,
    enumerable: true,
    get(this: IncomingMessage) {
      return sessionOf(this)?.session;
    },
    set(this: IncomingMessage, value: unknown) {
      const session = sessionOf(this);
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
    get(this: IncomingMessage) {
      return sessionOf(this)?.active.id;
    },
    set: setterOf('sessionID'),
  },
  sessionStore: {
    configurable: true,
    enumerable: true,
    get(this: IncomingMessage) {
      return sessionOf(this)?.site.expressStore;
    },
    set: setterOf('sessionStore'),
  },
};

/** What it means to set a property of which there is nothing to set while the request has a session. */
function setterOf(name: 'sessionID' | 'sessionStore') {
  return function (this: IncomingMessage, value: unknown): void {
    if (sessionOf(this) !== undefined) {
      throw new TypeError(`req.${name} follows from the session and cannot be set.`);
    }
    own(this, name, value);
  };
}

/** The property of a request that has no session of ours is anybody's. When it gets one, ours are put there again. */
function own(req: IncomingMessage, name: string, value: unknown): void {
  const exchange = Exchange.of(req);
  if (exchange !== undefined) {
    exchange.isTaken = true;
  }
  Object.defineProperty(req, name, { value, configurable: true, enumerable: true, writable: true });
}

/** Puts on a request what its session will need to be there, without effect until it has one. */
export function prepareRequest(req: IncomingMessage, exchange: Exchange): void {
  exchange.join(req);
  exchange.request = req;
  Object.defineProperties(req, PROPERTIES);
}

/** Gives a request its session and express-session's three properties; `known` is the exchange that it has, or inherits. */
export function attachSession(
  req: IncomingMessage,
  known: Exchange | undefined,
  session: RequestSession,
): Exchange {
  const exchange = known?.request === req ? known : new Exchange();
  exchange.session = session;
  if (exchange !== known || known.isTaken || !hasOurs(req)) {
    prepareRequest(req, exchange);
  }
  return exchange;
}

/** Somebody may have put another session there since the request was prepared: from here on it has ours. */
function hasOurs(req: IncomingMessage): boolean {
  return Object.getOwnPropertyDescriptor(req, 'session')?.get === PROPERTIES['session']?.get;
}

/** The session of a request; undefined where the middleware did not run. */
export function sessionOf(req: unknown): RequestSession | undefined {
  if (typeof req !== 'object' || req === null) {
    return undefined;
  }
  // Nobody but attachSession() puts anything there.
  return Exchange.of(req)?.session as RequestSession | undefined;
}
