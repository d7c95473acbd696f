import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type IncomingMessage, request, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import express from 'express';
import { createSessionMiddleware } from 'nest-sessions';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlledStore } from '../../support/controlled.store.js';
import { CookieClient, listen } from '../../support/http-server.js';
import { type ExpressHandler, expressApp, LogRecorder, sessionOptions } from '../../support/session-app.js';

/** What a response consists of on its way out. */
const COUNT: ExpressHandler = (req, res) => {
  req.session['count'] = Number(req.session['count'] ?? 0) + 1;
  res.status(201).set('X-Own', 'yes').json({ count: req.session['count'], sent: res.headersSent });
};

/** The first request of a server finds nothing prepared, those after it do. */
describe('requests that the server has prepared', () => {
  it('are all but the first, until the middleware is closed, and behave like the first', async () => {
    const app = await expressApp({ '/': COUNT });
    const client = app.client();
    expect(app.server.listenerCount('request')).toBe(1);
    expect(await client.read('/')).toMatchObject({ status: 201, text: '{"count":1,"sent":false}' });
    expect(app.server.listenerCount('request')).toBe(2);
    for (const count of [2, 3]) {
      expect(await client.read('/')).toMatchObject({ status: 201, text: `{"count":${count},"sent":false}` });
    }
    expect(app.server.listenerCount('request')).toBe(2);
    await app.session.close();
    expect(app.server.listenerCount('request')).toBe(1);
  });

  it('are seen by Express with everything on them that a session needs', async () => {
    const seen: string[][] = [];
    const app = await expressApp(
      { '/': (_req, res) => res.end() },
      {
        routes: { exclude: ['/bare'] },
        setUp: (on) =>
          on.use((req, res, next) => {
            seen.push([req, res].flatMap((one) => Object.getOwnPropertyNames(one)));
            next();
          }),
      },
    );
    const client = app.client();
    await client.read('/');
    await client.read('/bare');
    expect(seen[1]).toEqual(expect.arrayContaining(['session', 'sessionID', 'write', 'end', 'headersSent']));
  });

  it.each(['/bare', '/'])(
    'P3 let a session of an application below pass as ours does: %s first',
    async (first) => {
      const app = await expressApp({}, { setUp: (on) => on.use('/below', belowApp()) });
      const client = app.client();
      await client.read(first);
      for (const count of [1, 2]) {
        expect(await client.read('/below')).toMatchObject({ text: `{"count":${count},"sent":false}` });
      }
      const failing = app.store;
      failing.failNext('replace');
      expect((await client.read('/below')).status).toBe(503);
    },
  );

  it('are free for another session where ours does not run', async () => {
    const app = await expressApp(
      {
        '/': (_req, res) => res.end(),
        '/theirs': (req, res) => {
          const before = [req.session, req.sessionID, req.sessionStore, res.headersSent, res.writableEnded];
          Object.assign(req, { session: { user: 'eve' }, sessionID: 'theirs', sessionStore: 1 });
          res.status(202).json([before, req.session, req.sessionID, req.sessionStore]);
        },
      },
      { routes: { exclude: ['/theirs'] } },
    );
    const client = app.client();
    const theirs = { status: 202, text: '[[null,null,null,false,false],{"user":"eve"},"theirs",1]' };
    expect(await client.read('/theirs')).toMatchObject(theirs);
    await client.read('/');
    expect(await client.read('/theirs')).toMatchObject(theirs);
    expect(app.store.calls).toEqual([]);
  });

  it.each<[string, (req: object) => void]>([
    ['an assignment', (req) => Object.assign(req, { session: { user: 'eve' }, sessionID: 'theirs' })],
    [
      'a property of its own',
      (req) =>
        void Object.defineProperty(req, 'session', {
          configurable: true,
          get: () => ({ user: 'eve' }),
          set() {},
        }),
    ],
    ['nothing', (req) => Object.assign(req, { session: null })],
  ])('P1 have our session, whatever a middleware before it left there: %s', async (_what, leave) => {
    const store = new ControlledStore();
    const session = createSessionMiddleware(sessionOptions(store, new LogRecorder()));
    const app = express();
    app.use((req, _res, next) => {
      leave(req);
      next();
    });
    app.use(session);
    app.use((req, res) => {
      const fields = req.session as unknown as Record<string, unknown>;
      fields['user'] ??= 'ada';
      fields['count'] = Number(fields['count'] ?? 0) + 1;
      res.end(`${String(fields['user'])} ${String(fields['count'])} ${req.sessionID.length}`);
    });
    const server = await listen(app);
    onTestFinished(() => server.close().then(() => session.close()));
    const client = new CookieClient(server.url);
    for (const count of [1, 2, 3]) {
      expect((await client.read('/')).text).toBe(`ada ${count} 43`);
    }
  });

  it('P3 keep what tracing has put on the response before the server told of it', async () => {
    let seen = 0;
    const trace = (message: unknown) => {
      const { response } = message as { response: ServerResponse };
      const { writeHead } = response;
      response.writeHead = function (this: ServerResponse, ...args: unknown[]) {
        seen++;
        return Reflect.apply(writeHead, this, args) as ServerResponse;
      } as typeof writeHead;
    };
    subscribe('http.server.request.start', trace);
    onTestFinished(() => void unsubscribe('http.server.request.start', trace));
    const app = await expressApp({ '/': COUNT });
    const client = app.client();
    for (const count of [1, 2, 3]) {
      expect((await client.read('/')).text).toBe(`{"count":${count},"sent":false}`);
      expect(seen).toBe(count);
    }
  });

  it('can be inherited from', async () => {
    const app = await expressApp({
      '/': (req, res) => {
        req.session['n'] = 1;
        const heir = Object.create(res) as typeof res;
        heir.setHeader('X-Heir', 'yes');
        res.json([heir.headersSent, heir.getHeader('x-heir')]);
      },
    });
    const client = app.client();
    for (const _round of [1, 2]) {
      expect((await client.read('/')).text).toBe('[false,"yes"]');
    }
  });

  it.each(['stored', 'lost'])(
    'P4 keep their own response apart from another one that is given a session: %s',
    async (how) => {
      const store = new ControlledStore();
      const session = createSessionMiddleware(sessionOptions(store, new LogRecorder()));
      const server = await listen((req, res) => {
        const other = new ServerResponse(req);
        other.assignSocket(nowhere() as Socket);
        const seen: unknown[] = [];
        session(req, other, () => {
          Object.assign(req, { session: { user: 'ada' } });
          if (how === 'lost') {
            store.failNext('create');
          }
          other.end('dropped');
          seen.push(other.headersSent, res.headersSent, res.writableEnded);
        });
        other.on('finish', () => {
          seen.push(other.statusCode, other.headersSent, res.headersSent, res.writableEnded);
          res.end(JSON.stringify(seen));
        });
      });
      onTestFinished(() => server.close().then(() => session.close()));
      const client = new CookieClient(server.url);
      for (const _round of ['the first', 'a prepared one']) {
        const status = how === 'lost' ? 503 : 200;
        expect((await client.read('/')).text).toBe(`[true,false,false,${status},true,false,false]`);
      }
    },
  );

  it('P3 have each a session and a gate, where several inherit from one that has none', async () => {
    const store = new ControlledStore();
    const session = createSessionMiddleware(sessionOptions(store, new LogRecorder()));
    const server = await listen((req, res) => {
      const [one, another] = [Object.create(req), Object.create(req)] as [IncomingMessage, IncomingMessage];
      const other = new ServerResponse(req);
      other.assignSocket(nowhere() as Socket);
      session(one, other, () => {
        Object.assign(sessionOn(one), { user: 'ada' });
        session(another, res, () => {
          Object.assign(sessionOn(another), { user: 'bob' });
          const seen = [
            sessionOn(one)['user'],
            sessionOn(one) !== sessionOn(another),
            'session' in req && req.session !== undefined,
          ];
          other.end();
          res.end(JSON.stringify(seen));
        });
      });
    });
    onTestFinished(() => server.close().then(() => session.close()));
    for (const round of ['the first', 'a prepared one']) {
      const { text } = await new CookieClient(server.url).read('/');
      expect([round, text]).toEqual([round, '["ada",true,false]']);
    }
    expect(store.stored.map(({ user }) => user).sort()).toEqual(['ada', 'ada', 'bob', 'bob']);
  });

  it('P4 let what lies on their events hear of the error that takes their place', async () => {
    const heard: string[] = [];
    const store = new ControlledStore();
    const session = createSessionMiddleware({
      ...sessionOptions(store, new LogRecorder()),
      onCommitError: (_error, _req, res) => {
        res.on('finish', () => undefined);
        res.statusCode = 503;
        res.end();
      },
    });
    const server = await listen((req, res) => {
      const { on } = res;
      res.on = (name: string, listener: (...args: never[]) => void) => {
        heard.push(name);
        return Reflect.apply(on, res, [name, listener]) as ServerResponse;
      };
      session(req, res, () => {
        Object.assign(sessionOn(req), { user: 'ada' });
        store.failNext('create');
        res.end();
      });
    });
    onTestFinished(() => server.close().then(() => session.close()));
    for (const _round of ['the first', 'a prepared one']) {
      heard.length = 0;
      expect((await new CookieClient(server.url).read('/')).status).toBe(503);
      expect(heard).toContain('finish');
    }
  });

  it('have no session where the server itself is asked about', async () => {
    const app = await expressApp({}, { saveUninitialized: true });
    const { port } = new URL(app.url);
    for (const _round of ['the first', 'a prepared one']) {
      const asked = request({ port, method: 'OPTIONS', path: '*' }).end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      expect(answer.headers['set-cookie']).toBeUndefined();
    }
    expect(app.store.calls).toEqual([]);
  });

  it('need no socket', async () => {
    const session = createSessionMiddleware(sessionOptions(new ControlledStore(), new LogRecorder()));
    onTestFinished(() => session.close());
    const request = { method: 'GET', url: '/', headers: {}, socket: undefined };
    const passed = new Promise<unknown>((resolve) => session(request as never, {} as never, resolve));
    expect(await passed).toBeUndefined();
  });

  it('are forgotten with a server that was closed', async () => {
    const session = createSessionMiddleware(sessionOptions(new ControlledStore(), new LogRecorder()));
    onTestFinished(() => session.close());
    const server = await listen((req, res) => session(req, res, () => res.end()));
    await new CookieClient(server.url).read('/');
    expect(server.server.listenerCount('request')).toBe(2);
    await server.close();
    expect(server.server.listenerCount('request')).toBe(1);
  });

  it('P4 are answered with an error when a layer below the sessions holds their calls, and the store fails', async () => {
    const app = await expressApp({ '/': COUNT }, { compression: 'below' });
    const client = await app.knownClient();
    expect(await client.read('/')).toMatchObject({ status: 201, text: '{"count":1,"sent":false}' });
    app.store.failNext('replace');
    expect((await client.read('/')).status).toBe(503);
    expect(await client.read('/')).toMatchObject({ text: '{"count":2,"sent":false}' });
  });
});

/** An Express application of its own, which gives request and response its own prototypes. */
function belowApp(): express.Express {
  const app = express();
  app.use((req, res, next) => COUNT(req as never, res, next));
  return app;
}

/** The session of a bare request. */
function sessionOn(req: IncomingMessage): Record<string, unknown> {
  return (req as IncomingMessage & { session: Record<string, unknown> }).session;
}

/** A connection to nobody. */
function nowhere(): Duplex {
  return new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
}
