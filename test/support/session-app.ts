import type { IncomingMessage, ServerResponse } from 'node:http';
import compression from 'compression';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import {
  createSessionMiddleware,
  type SessionMiddleware,
  type SessionMiddlewareOptions,
} from 'nest-sessions';
import { onTestFinished } from 'vitest';
import { ControlledStore } from './controlled.store.js';
import { deferred } from './deferred.js';
import { CookieClient, listen, RawClient, type TestServer } from './http-server.js';

/** `req.session` as these tests use it: any field, and the methods. */
export type SessionObject = Record<string, unknown> & {
  save(): Promise<void>;
  regenerate(): Promise<void>;
  reload(): Promise<void>;
  destroy(): Promise<void>;
};

type WithSession<R> = Omit<R, 'session'> & { session: SessionObject };

/** A handler on bare `node:http`. */
export type NodeHandler = (req: WithSession<IncomingMessage>, res: ServerResponse) => unknown;
/** A handler on Express. */
export type ExpressHandler = (req: WithSession<Request>, res: Response, next: NextFunction) => unknown;

/** A line of the log. */
export interface LogLine {
  readonly message: string;
  readonly error?: unknown;
}

/** What the middleware logged. */
export class LogRecorder {
  readonly warnings: LogLine[] = [];
  readonly errors: LogLine[] = [];
  readonly #waiting = new Set<() => void>();

  warn(message: string): void {
    this.warnings.push({ message });
    this.#waiting.forEach((look) => look());
  }

  error(message: string, error?: unknown): void {
    this.errors.push({ message, error });
    this.#waiting.forEach((look) => look());
  }

  /** Waits until a line matches. */
  async says(pattern: RegExp): Promise<void> {
    const hasIt = () => [...this.warnings, ...this.errors].some(({ message }) => pattern.test(message));
    const line = deferred(`a line like ${pattern} in the log`);
    const look = () => hasIt() && line.resolve();
    this.#waiting.add(look);
    look();
    await line.promise;
  }
}

/** A server with sessions, for one test; it is closed when that is over. */
export interface SessionApp extends TestServer {
  readonly store: ControlledStore;
  readonly log: LogRecorder;
  readonly session: SessionMiddleware;
  /** A client without a session. */
  client(): CookieClient;
  /** A client with a session that has `user: 'ada'`. */
  knownClient(): Promise<CookieClient>;
  /** A connection to say every byte on. */
  raw(): Promise<RawClient>;
}

export type AppOptions = Partial<SessionMiddlewareOptions> & {
  /** Where compression is put: above the sessions (after them), below, or nowhere. */
  compression?: 'above' | 'below' | undefined;
};

/** The path at which every application begins a session. */
const BEGIN = '/begin';

/** Handlers by path, on bare `node:http`. */
export function nodeApp(routes: Record<string, NodeHandler>, options: AppOptions = {}): Promise<SessionApp> {
  return run(options, (session) => (req, res) => {
    session(req, res, () => {
      const path = new URL(req.url ?? '/', 'http://test').pathname;
      const handler = path === BEGIN ? begin : routes[path];
      void handler?.(req as WithSession<IncomingMessage>, res);
    });
  });
}

/** Handlers by path, on Express. */
export function expressApp(
  routes: Record<string, ExpressHandler>,
  options: AppOptions & { setUp?: (app: Express) => void; tearOff?: (app: Express) => void } = {},
): Promise<SessionApp> {
  const { setUp, tearOff, ...others } = options;
  return run(others, (session) => {
    const app = express();
    if (options.compression === 'below') {
      app.use(compression());
    }
    app.use(session);
    if (options.compression === 'above') {
      app.use(compression());
    }
    setUp?.(app);
    app.use(BEGIN, (req, res) => begin(req as unknown as WithSession<IncomingMessage>, res));
    for (const [path, handler] of Object.entries(routes)) {
      app.all(path, (req, res, next) => handler(req as unknown as WithSession<Request>, res, next));
    }
    tearOff?.(app);
    return app;
  });
}

function begin(req: WithSession<IncomingMessage>, res: ServerResponse): void {
  req.session['user'] = 'ada';
  res.end('begun');
}

/** Options of the middleware that these tests share. */
export function sessionOptions(store: ControlledStore, log: LogRecorder): SessionMiddlewareOptions {
  return { secret: '0123456789abcdef0123456789abcdef', store, logger: log };
}

async function run(
  { compression: _, ...options }: AppOptions,
  handlerWith: (session: SessionMiddleware) => (req: IncomingMessage, res: ServerResponse) => void,
): Promise<SessionApp> {
  const store = new ControlledStore();
  const log = new LogRecorder();
  const session = createSessionMiddleware({ ...sessionOptions(store, log), ...options });
  const server = await listen(handlerWith(session));
  onTestFinished(async () => {
    await server.close();
    store.heal();
    await session.close();
  });
  const client = () => new CookieClient(server.url);
  return {
    ...server,
    store,
    log,
    session,
    client,
    async knownClient() {
      const known = client();
      await known.read(BEGIN);
      return known;
    },
    async raw() {
      const raw = await RawClient.connect(server.port);
      onTestFinished(() => raw.hangUp());
      return raw;
    },
  };
}
