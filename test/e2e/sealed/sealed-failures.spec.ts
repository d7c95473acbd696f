import { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Sealer } from 'nest-sessions';
import { SealedSessions } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { describe, expect, it } from 'vitest';
import { deferred } from '../../support/deferred.js';
import { Exchange } from '../../support/exchange.js';
import {
  type AppOptions,
  expressApp,
  nodeApp,
  type NodeHandler,
  type SessionObject,
} from '../../support/session-app.js';
import { sealOf } from './watched-seal.js';

const store = new SealedCookieStore();

const sealedApp = (routes: Record<string, NodeHandler>, options: AppOptions = {}) =>
  nodeApp(
    {
      ...routes,
      '/show': (req, res) => void res.end(JSON.stringify({ ...req.session, cookie: undefined })),
    },
    { store, ...options },
  );

const errorOf = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  );

describe('P4 a change after the first byte', () => {
  it.each<[string, (session: SessionObject) => unknown]>([
    ['of a field', (session) => (session['n'] = 1)],
    ['saved', (session) => void session.save.call(Object.assign(session, { n: 1 }))],
    ['a logout', (session) => void session.destroy()],
  ])('%s breaks the response off and is logged; the cookie stays as it is', async (_what, change) => {
    const app = await sealedApp({
      '/': (req, res) => {
        res.write('a');
        change(req.session);
        res.end('b');
      },
    });
    const client = await app.knownClient();
    const { isComplete } = await new Exchange(app.port, '/', { headers: { cookie: client.cookie } }).answer;
    expect(isComplete).toBe(false);
    await app.log.says(/cannot be changed once the response has begun: the cookie can no longer be set/);
    expect((await client.read('/show')).text).toBe('{"user":"ada"}');
  });

  it('is an error for who waits for it, and then the response is as complete as the handler makes it', async () => {
    const caught = deferred<unknown[]>('the errors');
    const app = await sealedApp({
      '/': async (req, res) => {
        res.write('a');
        const errors = [await errorOf(req.session.destroy()), await errorOf(req.session.regenerate())];
        caught.resolve(errors);
        res.end('b');
      },
    });
    const client = await app.knownClient();
    expect((await client.read('/')).text).toBe('ab');
    expect(await caught.promise).toMatchObject([
      { code: 'session_closed' },
      { code: 'session_headers_sent' },
    ]);
  });

  it('after the end, a logout is refused as every other write is', async () => {
    const caught = deferred<unknown>('the error');
    const app = await sealedApp({
      '/': (req, res) => {
        const { session } = req;
        res.end('done', () => void errorOf(session.destroy()).then(caught.resolve));
      },
    });
    const client = await app.knownClient();
    expect((await client.read('/')).text).toBe('done');
    expect(await caught.promise).toMatchObject({ code: 'session_closed' });
  });

  it('a session that begins there is a logged error, and the response is complete', async () => {
    const app = await sealedApp({
      '/': (req, res) => {
        res.write('a');
        req.session['n'] = 1;
        res.end('b');
      },
    });
    const client = app.client();
    expect(await client.read('/')).toEqual({ status: 200, text: 'ab' });
    await app.log.says(/A session can neither begin nor get another token once the response has begun/);
    expect(client.cookie).toBe('');
  });

  it('save() before the first byte is fine', async () => {
    const app = await sealedApp({
      '/': async (req, res) => {
        req.session['n'] = 1;
        await req.session.save();
        res.write('a');
        res.end('b');
      },
    });
    const client = await app.knownClient();
    expect((await client.read('/')).text).toBe('ab');
    expect((await client.read('/show')).text).toBe('{"user":"ada","n":1}');
  });
});

describe('P12 what cannot be stored', () => {
  it('is a 500 and leaves the cookie as it was', async () => {
    const app = await sealedApp({
      '/': (req, res) => {
        req.session['n'] = 1n;
        res.end('never seen');
      },
    });
    const client = await app.knownClient();
    const before = sealOf(client);
    const response = await client.fetch('/');
    expect([response.status, response.headers.getSetCookie()]).toEqual([500, []]);
    expect(sealOf(client)).toBe(before);
    expect((await client.read('/show')).text).toBe('{"user":"ada"}');
  });

  it('takes nothing from what was saved before it: that goes out with the error', async () => {
    const app = await sealedApp({
      '/': async (req, res) => {
        req.session['saved'] = 1;
        await req.session.save();
        req.session['n'] = 1n;
        res.end('never seen');
      },
    });
    const client = await app.knownClient();
    expect((await client.read('/')).status).toBe(500);
    expect((await client.read('/show')).text).toBe('{"user":"ada","saved":1}');
  });

  it('nor from a logout', async () => {
    const app = await sealedApp({
      '/': async (req, res) => {
        await req.session.regenerate();
        req.session['n'] = 1n;
        res.end('never seen');
      },
    });
    const client = await app.knownClient();
    expect((await client.read('/')).status).toBe(500);
    expect(client.cookie).toBe('');
  });
});

describe('a response that is none, as on an upgrade', () => {
  it('has its session, and refuses to change it: no cookie can be set', async () => {
    const seen = deferred<unknown[]>('the upgrade');
    const app = await sealedApp({});
    app.server.on('upgrade', (req: IncomingMessage, socket) => {
      app.session(req, {} as ServerResponse, () => {
        void (async () => {
          const { session } = req as unknown as { session: SessionObject };
          const { user } = session;
          session['n'] = 1;
          seen.resolve([user, await errorOf(session.save()), await errorOf(session.destroy())]);
          socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: close\r\n\r\n');
        })();
      });
    });
    const { cookie } = await app.knownClient();
    const raw = await app.raw();
    raw.get('/', 'Connection: Upgrade', 'Upgrade: websocket', `Cookie: ${cookie}`);
    expect(await raw.closed()).toMatch(/^HTTP\/1\.1 101 /);
    const closed = { code: 'session_closed' };
    expect(await seen.promise).toMatchObject(['ada', closed, closed]);
  });
});

describe('P10 cryptography that fails', () => {
  /** Seals and opens as long as nothing is broken. */
  class BreakableSeal extends SealedSessions {
    isBroken = false;

    sealer(...args: Parameters<SealedCookieStore['sealer']>): Sealer {
      const sealer = store.sealer(...args);
      const unlessBroken = <T>(run: () => Promise<T>) =>
        this.isBroken ? Promise.reject(new Error('out of entropy')) : run();
      return {
        open: () => sealer.open(),
        isToken: (text): text is Parameters<Sealer['unseal']>[0] => sealer.isToken(text),
        seal: (text) => unlessBroken(() => sealer.seal(text)),
        unseal: (token) => unlessBroken(() => sealer.unseal(token)),
      };
    }
  }

  it('is a 503 where the session is used, and no concern of other routes', async () => {
    const breakable = new BreakableSeal();
    const app = await expressApp(
      {
        '/show': (req, res) => res.json(req.session['user'] ?? null),
        '/begin-too': (req, res) => {
          req.session['n'] = 1;
          res.end();
        },
        '/plain': (_req, res) => res.send('plain'),
      },
      { store: breakable },
    );
    const client = await app.knownClient();
    breakable.isBroken = true;
    expect((await client.read('/plain')).text).toBe('plain');
    expect((await client.read('/show')).status).toBe(503);
    const begun = await app.client().fetch('/begin-too');
    expect([begun.status, begun.headers.getSetCookie()]).toEqual([503, []]);
    await app.log.says(/Sessions can be neither sealed nor opened\. See the cause\./);
    breakable.isBroken = false;
    expect((await client.read('/show')).text).toBe('"ada"');
  });
});
