import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler } from 'express';
import { deferred } from '../../test/support/deferred.js';

/** A request that waits inside its handler, its session loaded, until it is let go. */
export interface Gate {
  readonly arrived: ReturnType<typeof deferred<void>>;
  readonly released: ReturnType<typeof deferred<void>>;
}

/** The application that all peers run, word for word. */
export interface PeerApp {
  readonly url: string;
  /** The gate of the request that names it in its query. */
  gate(key: string): Gate;
  close(): Promise<void>;
}

declare module 'express-session' {
  interface SessionData {
    benchUser?: string;
    benchFields?: string;
    benchA?: string;
    benchB?: string;
    benchHuge?: unknown;
  }
}

export async function startApp(middleware: RequestHandler): Promise<PeerApp> {
  const gates = new Map<string, Gate>();
  const app = express();
  app.use(middleware);

  app.get('/login', (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) {
        next(error);
        return;
      }
      req.session.benchUser = 'ada';
      req.session.save((failed) => (failed ? next(failed) : res.send('in')));
    });
  });
  app.get('/logout', (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.send('out')));
  });
  app.get('/show', (req, res) => {
    const { benchUser, benchA, benchB } = req.session;
    res.json({ user: benchUser, a: benchA, b: benchB });
  });
  app.get('/read', (req, res, next) => {
    const { benchUser } = req.session;
    waitAt(String(req.query.gate)).then(() => res.send(`hello ${benchUser}`), next);
  });
  app.get('/set', (req, res, next) => {
    const set = () => {
      req.session[req.query.name === 'b' ? 'benchB' : 'benchA'] = 'changed';
      res.send('set');
    };
    waitAt(String(req.query.gate)).then(set, next);
  });
  app.get('/set-and-go', (req, res) => {
    req.session.benchA = 'changed';
    res.redirect('/show');
  });
  app.get('/huge', (req, res) => {
    req.session.benchHuge = 1n;
    res.send('stored');
  });
  // Express tells a handler of errors by its four parameters.
  app.use(((_error, _req, res, _next) => {
    res.status(500).send('failed');
  }) satisfies express.ErrorRequestHandler);

  async function waitAt(key: string): Promise<void> {
    const gate = gates.get(key);
    gate?.arrived.resolve();
    await gate?.released.promise;
  }

  const server = createServer(app);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    gate(key) {
      const gate = {
        arrived: deferred<void>(`${key} at its gate`),
        released: deferred<void>(`${key} let go`),
      };
      gates.set(key, gate);
      return gate;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
