import type { SessionMiddlewareOptions } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { describe, expect, it } from 'vitest';
import { deferred } from '../../support/deferred.js';
import { SECRET } from '../../support/nest-app.js';
import {
  type AppOptions,
  expressApp,
  type ExpressHandler,
  nodeApp,
  type NodeHandler,
  type SessionObject,
} from '../../support/session-app.js';
import { openedSeal, sealOf, WatchedSeal } from './watched-seal.js';

const store = new SealedCookieStore();

/** An application on Express whose sessions are sealed in their cookie. */
const sealedApp = (routes: Record<string, ExpressHandler>, options: AppOptions = {}) =>
  expressApp(routes, { store, ...options });

/** Any field, and what else `req.session` has. */
const show: ExpressHandler = (req, res) => res.json({ ...req.session, cookie: undefined });

describe.each<[string, (routes: Record<string, NodeHandler>) => ReturnType<typeof nodeApp>]>([
  ['node:http', (routes) => nodeApp(routes, { store })],
  ['Express', (routes) => expressApp(routes as Record<string, ExpressHandler>, { store })],
])('a session in its cookie, on %s', (_name, run) => {
  it('is there in the next request, and nothing of it is kept here', async () => {
    const app = await run({
      '/': (req, res) => void res.end(String(req.session['user'])),
      '/change': (req, res) => {
        req.session['cart'] = ['tea'];
        res.end();
      },
      '/cart': (req, res) => void res.end(JSON.stringify(req.session['cart'])),
    });
    const client = await app.knownClient();
    expect((await client.read('/')).text).toBe('ada');
    await client.read('/change');
    expect((await client.read('/cart')).text).toBe('["tea"]');
    expect((await app.client().read('/')).text).toBe('undefined');
    expect(app.store.calls).toEqual([]);
  });
});

describe('what the client holds', () => {
  it('is a JWE of which nobody can read anything but the names of its algorithms', async () => {
    const app = await sealedApp({});
    const client = await app.client().fetch('/begin');
    const [line = ''] = client.headers.getSetCookie();
    expect(line).toMatch(/^sid=[\w-]+\.\.[\w-]{16}\.[\w-]+\.[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax$/);
    const parts = /^sid=([\w-]+)\.\.[\w-]+\.([\w-]+)/.exec(line)?.slice(1) ?? [];
    const [header, content] = parts.map((part) => Buffer.from(part, 'base64url').toString('latin1'));
    expect(JSON.parse(header ?? '')).toEqual({
      alg: 'dir',
      enc: 'A256GCM',
      kid: expect.stringMatching(/^[\w-]{8}$/),
    });
    expect(content).not.toContain('ada');
    expect(client.headers.get('cache-control')).toBe('no-store');
  });

  it('opens with the documented key, by RFC 7516 alone', async () => {
    const app = await sealedApp({});
    const text = openedSeal(sealOf(await app.knownClient()), SECRET);
    expect(text.split('\n').at(-1)).toBe('{"user":"ada"}');
  });

  it('is another one after each change, and under no id that could be used for it', async () => {
    const ids: unknown[] = [];
    const app = await sealedApp({
      '/': (req, res) => {
        ids.push((req as unknown as { sessionID: string }).sessionID, req.session['id']);
        req.session['n'] = ids.length;
        res.end();
      },
      '/show': show,
    });
    const client = await app.knownClient();
    const before = sealOf(client);
    await client.read('/');
    const after = sealOf(client);
    await client.read('/');
    expect(new Set([before, after, sealOf(client)]).size).toBe(3);
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^[\w-]{22}$/);
    client.cookies.set('sid', String(ids[0]));
    expect((await client.read('/show')).text).toBe('{}');
    expect(before).not.toContain(ids[0]);
  });

  it('tells its id once it is loaded, and not before, with load: lazy', async () => {
    const app = await nodeApp(
      {
        '/': async (req, res) => {
          const id = () => (req as unknown as { sessionID?: string }).sessionID;
          const before = id();
          await req.session.save();
          res.end(JSON.stringify([before ?? null, id()]));
        },
      },
      { store, load: 'lazy' },
    );
    const client = app.client();
    client.cookies.set('sid', sealOf(await (await sealedApp({})).knownClient()));
    const answers = [await client.read('/'), await client.read('/')].map(
      ({ text }) => JSON.parse(text) as unknown,
    );
    expect(answers).toEqual([
      [null, expect.stringMatching(/^[\w-]{22}$/)],
      [null, expect.stringMatching(/^[\w-]{22}$/)],
    ]);
  });

  it('P5 is not sealed again by a request that only reads, and not at all for an empty session', async () => {
    const watched = new WatchedSeal();
    const app = await sealedApp({ '/': show, '/empty': (_req, res) => res.end() }, { store: watched });
    expect((await app.client().fetch('/')).headers.getSetCookie()).toEqual([]);
    expect(watched.calls).toEqual([]);
    const client = await app.knownClient();
    expect(watched.calls).toEqual(['seal']);
    expect((await client.fetch('/')).headers.getSetCookie()).toEqual([]);
    expect(watched.calls).toEqual(['seal', 'unseal']);
    expect((await client.fetch('/')).headers.get('vary')).toBe('Cookie');
  });

  it('goes out once with a response, however often the session was saved', async () => {
    const app = await sealedApp({
      '/': async (req, res) => {
        req.session['a'] = 1;
        await req.session.save();
        req.session['b'] = 2;
        await req.session.save();
        req.session['c'] = 3;
        res.end();
      },
      '/show': show,
    });
    const client = await app.knownClient();
    expect((await client.fetch('/')).headers.getSetCookie()).toHaveLength(1);
    expect(JSON.parse((await client.read('/show')).text)).toEqual({ user: 'ada', a: 1, b: 2, c: 3 });
  });
});

describe('two requests at once', () => {
  it('each change their own copy, and the last response decides: known, and documented', async () => {
    const slow = deferred('a sign');
    const reached = deferred('the slow request');
    const app = await sealedApp({
      '/slow': async (req, res) => {
        req.session['a'] = 1;
        reached.resolve();
        await slow.promise;
        res.end();
      },
      '/fast': (req, res) => {
        req.session['b'] = 1;
        res.end();
      },
      '/show': show,
    });
    const client = await app.knownClient();
    const first = client.read('/slow');
    await reached.promise;
    await client.read('/fast');
    slow.resolve();
    await first;
    expect(JSON.parse((await client.read('/show')).text)).toEqual({ user: 'ada', a: 1 });
  });
});

describe('req.sessionStore', () => {
  it.each(['get', 'set', 'touch', 'destroy'])('%s() says that there is no store', async (method) => {
    const app = await sealedApp({
      '/': (req, res) => {
        const { sessionStore } = req as unknown as {
          sessionStore: Record<string, (...args: unknown[]) => void>;
        };
        const args = method === 'get' || method === 'destroy' ? ['id'] : ['id', {}];
        sessionStore[method]?.(...args, (error: Error) => res.json({ ...error, message: error.message }));
      },
    });
    const { text } = await app.client().read('/');
    expect(JSON.parse(text)).toMatchObject({
      code: 'session_options_invalid',
      message: expect.stringMatching(/needs a store, and these sessions live in their own cookie/),
    });
  });

  it('regenerate() works', async () => {
    const app = await sealedApp({
      '/': (req, res) => {
        const { sessionStore } = req as unknown as {
          sessionStore: { regenerate(req: unknown, callback: () => void): void };
        };
        sessionStore.regenerate(req, () => show(req, res, () => undefined));
      },
    });
    expect((await (await app.knownClient()).read('/')).text).toBe('{}');
  });
});

describe('a secure cookie over plain http', () => {
  it('is not sent, with the warning that there is for every store', async () => {
    const options: Partial<SessionMiddlewareOptions> = { cookie: { secure: true } };
    const app = await sealedApp({ '/': show }, options);
    const client = await app.knownClient();
    expect(client.cookie).toBe('');
    await app.log.says(/A secure session cookie was not sent/);
  });
});

describe('a client that is no browser', () => {
  it('takes JSON and keeps the cookie', async () => {
    const app = await sealedApp({
      '/login': async (req, res) => {
        await req.session.regenerate();
        req.session['name'] = 'Ada';
        res.status(201).json({ ok: true });
      },
      '/me': (req, res) => res.json({ name: (req.session as SessionObject)['name'] ?? null }),
    });
    const client = app.client();
    const login = await client.fetch('/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: '{"name":"ada"}',
    });
    expect([login.status, await login.json()]).toEqual([201, { ok: true }]);
    expect(await (await client.fetch('/me')).json()).toEqual({ name: 'Ada' });
  });
});
