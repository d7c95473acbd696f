import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ActiveSession } from '../core/active-session.js';
import { systemClock } from '../core/clock.js';
import type { CookieAttributes } from '../core/meta.js';
import { SessionEngine } from '../core/session-engine.js';
import type { SessionStore } from '../core/session-store.js';
import { StoreBackend } from '../core/store-backend.js';
import { StoreGateway } from '../core/store-gateway.js';
import { systemRandom } from '../core/token.js';
import type { ResolvedSessionOptions } from '../options/resolved-options.js';
import type { SessionLogger } from '../options/session-logger.js';
import { answerPlainly } from './commit-error.js';
import { MemorySessionStore } from '../stores/memory/memory.store.js';
import { ErrorLog } from './error-log.js';
import { CookieTransport } from './cookie.transport.js';
import { ExpressStoreView } from './express-store.js';
import { attachSession, sessionOf } from './request-properties.js';
import { RequestSession } from './request-session.js';
import { canBeGated, installGate } from './install-gate.js';
import { pathOf, routeFilter } from './route-filter.js';
import { isSecureRequest } from './secure-request.js';
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
}

/** Sessions on HTTP: gives each request its session and lets its response out when that is durable. */
export class SessionHttp implements SessionSite {
  readonly transport: CookieTransport;
  readonly logger: SessionLogger;
  readonly engine: SessionEngine;
  readonly expressStore: ExpressStoreView;
  readonly #options: ResolvedSessionOptions;
  readonly #gateway: StoreGateway;
  readonly #current = new AsyncLocalStorage<RequestSession>();
  readonly #hasSession: (req: IncomingMessage) => boolean;
  readonly #warned = new Set<string>();
  readonly #onCommitError: CommitErrorHandler;
  readonly #errors: ErrorLog;
  #closing: Promise<void> | undefined;

  constructor({ options, store, logger, onCommitError = answerPlainly }: SessionHttpParts) {
    const { operationTimeout, maxPending, lifetime, maxBytes, clock = systemClock } = options;
    this.#options = options;
    this.logger = logger;
    this.#errors = new ErrorLog(logger);
    if (options.isProduction && store instanceof MemorySessionStore) {
      logger.warn(
        'Sessions are kept in the memory of this process: they end with it, and no other process knows them. Choose a ' +
          'durable store for production.',
      );
    }
    this.#onCommitError = options.onCommitError ?? onCommitError;
    this.transport = new CookieTransport(options.name, options.secrets);
    this.#hasSession = routeFilter(options.routes);
    this.#gateway = new StoreGateway(store, { operationTimeout, maxPending });
    const backend = new StoreBackend({
      gateway: this.#gateway,
      lifetime,
      clock,
      random: systemRandom,
      maxBytes,
      operationTimeout,
    });
    this.engine = new SessionEngine({
      backend,
      lifetime,
      clock,
      isLazy: options.isLazy,
      saveUninitialized: options.saveUninitialized,
      onEvent: options.onEvent,
      onError: (error) => this.reportError(error),
      ...(options.isProduction ? {} : { onSilentLoss: (field, kind) => this.#warnOfLoss(field, kind) }),
    });
    this.expressStore = new ExpressStoreView(this.#gateway, backend, () => clock.now());
    options.remarks.forEach((remark) => logger.warn(remark));
  }

  get unset(): 'destroy' | 'keep' {
    return this.#options.unset;
  }

  get rolling(): boolean {
    return this.#options.rolling;
  }

  get principalOf(): SessionSite['principalOf'] {
    return this.#options.auth.principal;
  }

  /** The session of the request that this code runs for, whichever function it is in. */
  get current(): RequestSession | undefined {
    return this.#current.getStore();
  }

  /** The middleware: works on bare `node:http`, on Express and under Nest. */
  readonly handle = (req: IncomingMessage, res: ServerResponse, next: Next): void => {
    let isOurs: boolean;
    try {
      isOurs = sessionOf(req) === undefined && this.#covers(req);
    } catch (error) {
      // The application's own function for the cookie failed.
      next(error);
      return;
    }
    if (!isOurs) {
      next();
      return;
    }
    const presented = this.transport.read(req);
    const active = new ActiveSession(
      this.engine,
      presented,
      this.#options.idleFollowsCookie ? () => this.cookieFor(req).originalMaxAge ?? undefined : undefined,
    );
    const session = new RequestSession(this, active, req, res);
    attachSession(req, session);
    if (canBeGated(res)) {
      installGate(res, session);
    }
    if (presented === undefined || this.#options.isLazy) {
      this.#current.run(session, next);
    } else {
      // Inside the continuation of the read: whatever the request does from here on belongs to this session.
      void active.read().then(() => this.#current.run(session, next));
    }
  };

  cookieFor(req: IncomingMessage): CookieAttributes {
    const { maxAge, expiresAt, secure, sameSite, ...others } = this.#options.cookie(req);
    return {
      ...others,
      originalMaxAge: expiresAt === undefined ? maxAge : Math.max(0, expiresAt - this.engine.clock.now()),
      secure: secure === 'auto' ? this.isSecure(req) : secure,
      sameSite: sameSite === 'auto' ? (this.isSecure(req) ? 'none' : 'lax') : sameSite,
    };
  }

  isSecure(req: IncomingMessage): boolean {
    return isSecureRequest(req, this.#options.proxy);
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

  answerFailure(error: unknown, req: IncomingMessage, res: ServerResponse): void | Promise<void> {
    return this.#onCommitError(error, req, res);
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
    await Promise.race([this.engine.idle(), limit]);
    clearTimeout(late);
    await this.#gateway.close().catch((error: unknown) => {
      this.logger.error('The session store could not be closed.', error);
    });
  }

  #covers(req: IncomingMessage): boolean {
    return this.#hasSession(req) && pathOf(req).startsWith(this.#options.cookie(req).path);
  }

  #warnOfLoss(field: string, kind: string): void {
    this.logger.warn(
      `The session field ${JSON.stringify(field)} holds a value of kind ${kind}, which does not come back from JSON as ` +
        'it was. Store plain data: numbers, texts, lists and plain objects. (Said once per field, in development.)',
    );
  }
}
