import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CookieOptions } from 'express-session';
import type { Clock } from '../core/clock.js';
import type { Duration } from '../core/duration.js';
import type { ExpressSessionStore } from '../core/express-session-store.js';
import type { SealedSessions } from '../core/sealed-sessions.js';
import type { SessionEvent } from '../core/session-event.js';
import type { SessionStore } from '../core/session-store.js';
import type { PrincipalTeller } from './passport-principal.js';
import type { SessionLogger } from './session-logger.js';

/** Attributes of the session cookie, in express-session's words. */
export type SessionCookieOptions = Omit<CookieOptions, 'encode' | 'signed'>;

/**
 * A route: its whole path, a global prefix included, in path-to-regexp's syntax, for every method or for one, which is
 * named as text or by Nest's `RequestMethod`. GET stands for HEAD as well, as it does in routers.
 */
export type SessionRoute = string | { readonly path: string; readonly method: string | number };

/** Which requests have a session. */
export interface SessionRoutes {
  /** Only these have one. @default all */
  readonly include?: readonly SessionRoute[];
  /** These have none, whatever `include` says. @default none */
  readonly exclude?: readonly SessionRoute[];
}

/**
 * What is noted at a login about where the session is used, for lists of devices. It is cut short, and it is what the client
 * says: never trust it.
 */
export interface SessionRegistryOptions {
  /** The `User-Agent` header, at most 256 characters. @default false */
  readonly userAgent?: boolean;
  /** The client's address, as the framework tells it (`trust proxy`), at most 64 characters. @default false */
  readonly ip?: boolean;
  /** A text of the application's own, at most 128 characters. @default none */
  readonly label?: (req: IncomingMessage) => string | undefined;
}

/** How long "keep me logged in" lasts: the cookie is persistent then. */
export interface SessionRememberOptions {
  /** Ends the session after this long without a request. @default 30 days */
  readonly idleTimeout?: Duration;
  /** Ends the session this long after its login, whatever happens. @default 90 days */
  readonly absoluteTimeout?: Duration;
}

/** How `AuthGuard` judges. */
export interface SessionAuthOptions {
  /**
   * Fields that count as being logged in, where there is no `login()`: one name or several, all of which must be there.
   * @default a principal, as `login()` sets it
   */
  readonly require?: string | readonly string[];
  /**
   * Where a page load of somebody who is not logged in is sent (303). Any other client gets 401.
   * @default none, everybody gets 401
   */
  readonly loginUrl?: string;
  /**
   * Where a page load is sent (303) for which `@RecentLogin()` asks the user to prove once more who they are. Any other client
   * gets 403.
   * @default none, everybody gets 403
   */
  readonly confirmUrl?: string;
  /**
   * Whether the page that somebody was sent to the login page from, or to `confirmUrl`, is remembered for
   * {@link SessionService.takeReturnTo}, in a signed cookie of its own, for ten minutes. With a guard of your own that redirects
   * by itself, true without either of them too.
   * @default true with `loginUrl` or `confirmUrl`, else false
   */
  readonly returnTo?: boolean;
  /**
   * Tells who is logged in from the fields, where Passport ({@link passportPrincipal}) or older code keeps it there. When
   * somebody is put into a session it is entered as theirs with another token, as by `login()`, so that lists and limits know
   * it; when they are taken out it ends. A session that began with `login()` goes by that alone.
   * @default none, `login()` alone tells
   */
  readonly principal?: PrincipalTeller;
}

/**
 * Options of {@link SessionModule} and {@link createSessionMiddleware}. Those that express-session has mean the same
 * here.
 *
 * @publicApi
 */
export interface SessionOptions {
  /**
   * Signs the cookie: at least 32 random characters. Of several the first signs and all are accepted, so that a secret
   * can be changed without logging anybody out. With `SealedCookieStore` the keys are derived from it.
   */
  readonly secret: string | readonly string[] | undefined;
  /**
   * Where sessions are kept: a store of this package or of your own, any store made for express-session, or the cookie
   * itself, with `SealedCookieStore`.
   * @default a bounded {@link MemorySessionStore}, for development, tests and a single process
   */
  readonly store?: SessionStore | ExpressSessionStore | SealedSessions;
  /** Name of the cookie. @default `sid`; in production `__Host-sid` when the other attributes allow it */
  readonly name?: string;
  /**
   * Ends a session after this long without a request (OWASP ASVS 5.0, 7.3.1).
   * @default `cookie.maxAge` where that is set, else 30 minutes
   */
  readonly idleTimeout?: Duration;
  /** Ends a session this long after its login, whatever happens (OWASP ASVS 5.0, 7.3.2). @default 12 hours */
  readonly absoluteTimeout?: Duration;
  /** Activity is written at most this often; a session may end this much early. @default a tenth of `idleTimeout` */
  readonly touchAfter?: Duration;
  /**
   * A session gets another token when it has had one for this long, with the next response that can carry it; its limits stay.
   * Requests that are under way with the former token are served; when that token turns up later it is refused and reported as
   * `token-reused` (OWASP ASVS 5.0, 7.2.4).
   * @default never; a login always gives a new one
   */
  readonly renewAfter?: Duration;
  /** The limits of sessions that `login(id, { remember: true })` begins, in place of the configured ones. */
  readonly remember?: SessionRememberOptions;
  /** `eager` reads the session before the request goes on, `lazy` at its first use. @default `eager` */
  readonly load?: 'eager' | 'lazy';
  /**
   * Attributes of the cookie, or a function of the request.
   * @default `{ path: '/', httpOnly: true, sameSite: 'lax', secure: true in production, else 'auto' }`
   */
  readonly cookie?: SessionCookieOptions | ((req: IncomingMessage) => SessionCookieOptions);
  /** Sends the cookie with every response, not only when it changes. @default false */
  readonly rolling?: boolean;
  /** Stores sessions that nothing was put into. @default false */
  readonly saveUninitialized?: boolean;
  /** What `req.session = null` does to the stored session. @default `keep` */
  readonly unset?: 'destroy' | 'keep';
  /**
   * Whether `X-Forwarded-Proto` says if a request came over TLS. Left out, the framework's own setting counts
   * (`app.set('trust proxy', …)`).
   */
  readonly proxy?: boolean;
  /** Bytes that the fields of one session may take as JSON. @default 256 KiB */
  readonly maxBytes?: number;
  /** How long one operation of the store may take. @default 5 seconds */
  readonly operationTimeout?: Duration;
  /** Operations of the store that may be outstanding; more fail at once. @default 1000 */
  readonly maxPending?: number;
  /**
   * Whether the application refuses to start while the store does not answer. Otherwise it starts, says so in the log, and
   * has its sessions once the store is there.
   * @default false
   */
  readonly requireStoreAtBoot?: boolean;
  /** `manual` leaves it to `applySession(app)` to put the middleware in place. @default `auto` */
  readonly mount?: 'auto' | 'manual';
  /** Which requests have a session. @default all */
  readonly routes?: SessionRoutes;
  /**
   * Whether it is kept who is logged in where, for {@link SessionRegistry}; an object says what is noted about each device. A
   * login then takes some more calls of the store, any other request none.
   * @default true with `maxSessions`, else false
   */
  readonly registry?: boolean | SessionRegistryOptions;
  /** How many sessions one principal may have, 1000 at most; a function is asked at each login. @default no limit of its own */
  readonly maxSessions?: number | ((principal: string) => number);
  /** What happens at a login beyond `maxSessions`: the oldest session ends, or the login fails (409). @default `evict-oldest` */
  readonly onLimit?: 'evict-oldest' | 'refuse';
  /** How `AuthGuard` judges. */
  readonly auth?: SessionAuthOptions;
  /** Told of what happens to sessions, in the process that caused it; what it throws is told to the log. */
  readonly onEvent?: (event: SessionEvent) => unknown;
  /** Where warnings and errors go. @default Nest's `Logger`; for `createSessionMiddleware` the console */
  readonly logger?: SessionLogger;
  /** Where the time comes from; tests give their own. @default the system's clock */
  readonly clock?: Clock;
  /** Means nothing here, since only changes are written; accepted with one line in the log. */
  readonly resave?: boolean;
}

/**
 * Options of {@link createSessionMiddleware}.
 *
 * @publicApi
 */
export interface SessionMiddlewareOptions extends Omit<SessionOptions, 'auth' | 'mount' | 'remember'> {
  /**
   * Tells who is logged in from the fields, as Passport or your own code keeps it there; `registry` and `maxSessions` need it,
   * since there is no `login()` without Nest. @default none
   */
  readonly auth?: Pick<SessionAuthOptions, 'principal'>;
  /**
   * Answers the client when the session could not be stored, instead of the handler's answer.
   * @default a plain 503, or 500 for what cannot be stored
   */
  readonly onCommitError?: (
    error: unknown,
    req: IncomingMessage,
    res: ServerResponse,
  ) => void | Promise<void>;
}
