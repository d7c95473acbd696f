import { AsyncLocalStorage } from 'node:async_hooks';
import cluster from 'node:cluster';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ActiveSession } from '../core/active-session.js';
import { systemClock } from '../core/clock.js';
import type { CookieAttributes } from '../core/meta.js';
import type { NewSession } from '../core/active-session.types.js';
import { EventStream } from '../events/event-stream.js';
import { reuseWarning } from '../events/reuse-warning.js';
import type { PrincipalSessions } from '../core/principal-sessions.js';
import { SessionEngine } from '../core/session-engine.js';
import type { SessionStore } from '../core/session-store.js';
import { StoreSetupError } from '../core/store-setup.error.js';
import { type RandomSource, systemRandom } from '../core/token.js';
import { NoStore } from '../options/no-store.js';
import type { ResolvedSessionOptions } from '../options/resolved-options.js';
import type { SessionLogger } from '../options/session-logger.js';
import { answerPlainly } from './commit-error.js';
import { MemorySessionStore } from '../stores/memory/memory.store.js';
import { ErrorLog } from './error-log.js';
import { Exchange } from './exchange.js';
import { outsideFailedScope } from './failed-scope.js';
import { HeadStart } from './head-start.js';
import { attachSession } from './request-properties.js';
import { RequestSession } from './request-session.js';
import { ReturnToCookie } from './return-to.cookie.js';
import { canBeGated, installGate } from './install-gate.js';
import { pathOf, routeFilter } from './route-filter.js';
import { RequestDefaults } from './request-defaults.js';
import { inCookie } from './sealed-place.js';
import { inStore, type SessionPlace } from './session-place.js';
import type { SessionSite } from './session-site.js';

/** The function that the next layer is called with. */
export type Next = (error?: unknown) => void;

/** Answers a client instead of the handler. */
export type CommitErrorHandler = (
  error: unknown,
  req: IncomingMessage,
  res: ServerResponse,
) => void | Promise<void>;

/** What {@link SessionHttp} is made of. */
export interface SessionHttpParts {
  readonly options: ResolvedSessionOptions;
  readonly store: SessionStore;
  readonly logger: SessionLogger;
  readonly onCommitError?: CommitErrorHandler;
  /** @default the operating system's */
  readonly random?: RandomSource;
}

/** Sessions on HTTP: gives each request its session and lets its response out when that is durable. */
export class SessionHttp implements SessionSite {
  readonly logger: SessionLogger;
  readonly random: RandomSource;
  readonly engine: SessionEngine;
  /** What the options come to for a request. */
  readonly defaults: RequestDefaults;
  /** What happens to sessions in this process. */
  readonly events = new EventStream({
    onFailure: (listener, error) => this.sayListenerFailure(listener, error),
    // In its request's session a listener could change what is being stored, and fail the response with it.
    outside: (tell) => this.#outside(tell),
  });
  readonly returnTo: ReturnToCookie | undefined;
  readonly #options: ResolvedSessionOptions;
  readonly #place: SessionPlace;
  readonly #current = new AsyncLocalStorage<RequestSession | undefined>();
  readonly #hasSession: (req: IncomingMessage) => boolean;
  /** Whether every request has a session, so that nobody need look where it goes. */
  readonly #coversAll: boolean;
  readonly #headStart = new HeadStart();
  readonly #warned = new Set<string>();
  readonly #onCommitError: CommitErrorHandler;
  readonly #errors: ErrorLog;
  #closing: Promise<void> | undefined;

  constructor({
    options,
    store,
    logger,
    onCommitError = answerPlainly,
    random = systemRandom,
  }: SessionHttpParts) {
    const { lifetime, clock = systemClock } = options;
    this.#options = options;
    this.defaults = new RequestDefaults(options, clock, (error) =>
      this.sayFailure('No label was noted for a session. ', error),
    );
    this.logger = logger;
    this.random = random;
    this.#errors = new ErrorLog(logger);
    if (store instanceof MemorySessionStore && (options.isProduction || cluster.isWorker)) {
      logger.warn(
        'Sessions are kept in the memory of this process: they end with it, and no other process knows them. Choose a ' +
          'store that lasts and is shared.',
      );
    }
    this.#onCommitError = options.onCommitError ?? onCommitError;
    this.#hasSession = routeFilter(options.routes);
    this.#coversAll =
      options.routes.include === undefined &&
      options.routes.exclude === undefined &&
      options.fixedCookie?.path === '/';
    this.#place =
      store instanceof NoStore
        ? inCookie(store.sessions, options)
        : inStore(store, options, {
            background: (work) => this.#inBackground(work),
            emit: this.events.emit,
            outside: (work) => this.#outside(work),
          });
    this.engine = new SessionEngine({
      backend: this.#place.backend,
      lifetime,
      clock,
      isLazy: options.isLazy,
      saveUninitialized: options.saveUninitialized,
      emit: this.events.emit,
      principalOf: options.auth.principal,
      onError: (error) => this.reportError(error),
      ...(options.isProduction ? {} : { onSilentLoss: (field, kind) => this.#warnOfLoss(field, kind) }),
    });
    const { returnTo, loginUrl, confirmUrl } = options.auth;
    const remembersPages = returnTo ?? (loginUrl ?? confirmUrl) !== undefined;
    this.returnTo = remembersPages ? new ReturnToCookie(options.name, options.secrets, clock) : undefined;
    options.remarks.forEach((remark) => logger.warn(remark));
    this.events.feed('ended', () => this.#place.watchExpiry?.() ?? (() => undefined));
    this.events.listen((event) => logger.warn(reuseWarning(event)), {
      name: 'The log',
      types: ['token-reused'],
    });
    if (options.onEvent !== undefined) {
      this.events.listen(options.onEvent, { name: 'The option onEvent' });
    }
  }

  get transport(): SessionSite['transport'] {
    return this.#place.transport;
  }

  get expressStore(): unknown {
    return this.#place.expressStore;
  }

  /** Who is logged in where, if that is kept. */
  get principals(): PrincipalSessions | undefined {
    return this.#place.principals;
  }

  newSession(req: IncomingMessage): NewSession {
    return this.defaults.newSession(req);
  }

  get unset(): 'destroy' | 'keep' {
    return this.#options.unset;
  }

  get rolling(): boolean {
    return this.#options.rolling;
  }

  /** The session of the request that this code runs for, whichever function it is in. */
  get current(): RequestSession | undefined {
    return this.#current.getStore();
  }

  /** The middleware: works on bare `node:http`, on Express and under Nest. */
  readonly handle = (req: IncomingMessage, res: ServerResponse, next: Next): void => {
    const known = Exchange.of(req);
    let isOurs: boolean;
    try {
      isOurs = known?.session === undefined && this.#covers(req);
    } catch (error) {
      // The application's own function for the cookie failed.
      next(error);
      return;
    }
    if (!isOurs) {
      next();
      return;
    }
    const active = new ActiveSession(this.engine, () => this.transport.read(req));
    const session = new RequestSession(this, active, req, res);
    if (known === undefined) {
      this.#headStart.missed(req);
    }
    const exchange = attachSession(req, known, session);
    if (canBeGated(res)) {
      installGate(exchange, res, session);
    } else {
      session.ungated();
    }
    if (this.#options.isLazy || active.isRead) {
      this.#current.run(session, next);
    } else {
      // Inside the continuation of the read: whatever the request does from here on belongs to this session.
      void active.read().then(() => this.#current.run(session, next));
    }
  };

  cookieFor(req: IncomingMessage): CookieAttributes {
    return this.defaults.cookieFor(req);
  }

  isSecure(req: IncomingMessage): boolean {
    return this.defaults.isSecure(req);
  }

  warnOnce(message: string): void {
    if (!this.#warned.has(message)) {
      this.#warned.add(message);
      this.logger.warn(message);
    }
  }

  reportError(error: unknown): void {
    this.#errors.report(error);
  }

  sayFailure(what: string, error: unknown): void {
    this.#errors.say(what, error);
  }

  /** Puts into the log that a listener to session events failed: nobody else is harmed by it. */
  sayListenerFailure(listener: string, error: unknown): void {
    this.sayFailure(`${listener} failed when it was told of a session event. `, error);
  }

  answerFailure(error: unknown, req: IncomingMessage, res: ServerResponse): void | Promise<void> {
    return this.#onCommitError(error, req, res);
  }

  /**
   * Makes the store ready. One that is absent is a line in the log, unless the application is not to start without it.
   *
   * @throws {StoreSetupError} for a store that is set up wrongly
   * @throws {SessionError} with `requireStoreAtBoot`, when the store does not answer
   */
  async open(): Promise<void> {
    const { backend } = this.engine;
    const { requireStoreAtBoot } = this.#options;
    try {
      await this.#place.open();
      if (requireStoreAtBoot) {
        await backend.open(backend.mint());
      }
    } catch (error) {
      if (requireStoreAtBoot || error instanceof StoreSetupError) {
        throw error;
      }
      this.reportError(error);
    }
  }

  /** Waits for what is under way, for as long as one operation may take, and closes the store. A second time is the first. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    let late: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      late = setTimeout(resolve, this.#options.operationTimeout);
    });
    await Promise.race([this.engine.idle().then(() => this.events.idle()), limit]);
    clearTimeout(late);
    this.events.close();
    this.#headStart.end();
    await this.#place.close().catch((error: unknown) => {
      this.logger.error('The session store could not be closed.', error);
    });
  }

  /** Runs something as no part of the request that it is for. */
  #outside<T>(work: () => T): T {
    return outsideFailedScope(() => this.#current.run(undefined, work));
  }

  /** Shutdown waits for it, nobody else does. */
  #inBackground(work: Promise<unknown>): void {
    this.engine.track(work.catch((error: unknown) => this.reportError(error)));
  }

  #covers(req: IncomingMessage): boolean {
    // `OPTIONS *` asks about the server, and is no path that a cookie could be for.
    return this.#coversAll
      ? req.url !== '*'
      : this.#hasSession(req) && pathOf(req).startsWith(this.#options.cookie(req).path);
  }

  #warnOfLoss(field: string, kind: string): void {
    this.logger.warn(
      `The session field ${JSON.stringify(field)} holds a value of kind ${kind}, which does not come back from JSON as ` +
        'it was. Store plain data: numbers, texts, lists and plain objects. (Said once per field, in development.)',
    );
  }
}
