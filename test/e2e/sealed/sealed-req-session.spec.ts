import type { ServerResponse } from 'node:http';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { describe, expect, it } from 'vitest';
import { type AppOptions, expressApp, type ExpressHandler, nodeApp } from '../../support/session-app.js';
import { sealOf } from './watched-seal.js';

const store = new SealedCookieStore();

/** An application on Express whose sessions are sealed in their cookie. */
const sealedApp = (routes: Record<string, ExpressHandler>, options: AppOptions = {}) =>
  expressApp(routes, { store, ...options });

/** The fields. */
const show: ExpressHandler = (req, res) => res.json({ ...req.session, cookie: undefined });

describe('req.session', () => {
  it('destroy() clears the cookie; what was given out before still opens, which is what is given up', async () => {
    const app = await sealedApp({
      '/': show,
      '/out': async (req, res) => {
        req.session['n'] = 1;
        await req.session.save();
        await req.session.destroy();
        res.end();
      },
    });
    const client = await app.knownClient();
    const before = sealOf(client);
    const [line] = (await client.fetch('/out')).headers.getSetCookie();
    expect(line).toMatch(/^sid=; Path=\/; Expires=Thu, 01 Jan 1970/);
    expect(client.cookie).toBe('');
    client.cookies.set('sid', before);
    expect(JSON.parse((await client.read('/')).text)).toEqual({ user: 'ada' });
  });

  it('regenerate() begins an empty session under another id', async () => {
    const ids: unknown[] = [];
    const app = await sealedApp({
      '/': show,
      '/anew': async (req, res) => {
        ids.push(req.session['id']);
        await req.session.regenerate();
        ids.push(req.session['id']);
        req.session['fresh'] = true;
        res.end();
      },
    });
    const client = await app.knownClient();
    await client.read('/anew');
    expect(JSON.parse((await client.read('/')).text)).toEqual({ fresh: true });
    expect(ids[0]).not.toBe(ids[1]);
  });

  it('regenerate() and nothing more takes the cookie away', async () => {
    const app = await sealedApp({
      '/anew': async (req, res) => {
        await req.session.regenerate();
        res.end();
      },
    });
    const client = await app.knownClient();
    await client.read('/anew');
    expect(client.cookie).toBe('');
  });

  it('reload() drops what was not saved, and keeps what was', async () => {
    const app = await sealedApp({
      '/': async (req, res) => {
        req.session['saved'] = 1;
        await req.session.save();
        req.session['dropped'] = 1;
        await req.session.reload();
        show(req, res, () => undefined);
      },
      '/show': show,
    });
    const client = await app.knownClient();
    expect(JSON.parse((await client.read('/')).text)).toEqual({ user: 'ada', saved: 1 });
    expect(JSON.parse((await client.read('/show')).text)).toEqual({ user: 'ada', saved: 1 });
  });

  it('keeps what is changed inside a field, as connect-flash does', async () => {
    const app = await sealedApp({
      '/say': (req, res) => {
        const flash = (req.session['flash'] ??= {}) as Record<string, string[]>;
        (flash['info'] ??= []).push('hello');
        res.redirect('/hear');
      },
      '/hear': (req, res) => {
        const { flash } = req.session as { flash?: Record<string, string[]> };
        const said = flash?.['info'];
        delete flash?.['info'];
        res.json(said ?? null);
      },
    });
    const client = await app.knownClient();
    const said = await client.fetch('/say');
    expect([said.status, said.headers.get('location')]).toEqual([302, '/hear']);
    expect((await client.read('/hear')).text).toBe('["hello"]');
    expect((await client.read('/hear')).text).toBe('null');
  });

  it.each([
    ['keep', '{"user":"ada"}', 1],
    ['destroy', '{}', 0],
  ] as const)('= null with unset: %s', async (unset, fields, cookies) => {
    const app = await sealedApp(
      {
        '/': show,
        '/unset': (req, res) => {
          Object.assign(req, { session: null });
          res.end();
        },
      },
      { unset },
    );
    const client = await app.knownClient();
    await client.read('/unset');
    expect(client.cookies.size).toBe(cookies);
    expect((await client.read('/')).text).toBe(fields);
  });

  it('= null with unset: keep leaves what was saved before, as a store would', async () => {
    const app = await sealedApp({
      '/': show,
      '/unset': async (req, res) => {
        req.session['n'] = 50;
        await req.session.save();
        req.session['n'] = 51;
        Object.assign(req, { session: null });
        res.end();
      },
    });
    const client = await app.knownClient();
    await client.read('/unset');
    expect((await client.read('/')).text).toBe('{"user":"ada","n":50}');
  });

  it('= null after destroy() leaves nothing', async () => {
    const app = await sealedApp({
      '/': show,
      '/unset': async (req, res) => {
        req.session['n'] = 50;
        await req.session.save();
        await req.session.destroy();
        Object.assign(req, { session: null });
        res.end();
      },
    });
    const client = await app.knownClient();
    await client.read('/unset');
    expect(client.cookie).toBe('');
  });

  it('takes attributes of the cookie that it chose along, whoever seals it again', async () => {
    const app = await sealedApp(
      {
        '/choose': (req, res) => {
          (req.session['cookie'] as { path: string }).path = '/app';
          res.end();
        },
        '/app/untouched': (_req, res) => res.end(),
        '/app/change': (req, res) => {
          req.session['n'] = 1;
          res.end();
        },
      },
      { rolling: true },
    );
    const client = await app.knownClient();
    for (const path of ['/choose', '/app/untouched', '/app/change']) {
      const line = (await client.fetch(path)).headers.getSetCookie().at(-1);
      expect(line).toContain('; Path=/app;');
    }
  });
});

describe('P3 every way to respond', () => {
  it.each<[string, (res: ServerResponse) => void]>([
    ['end', (res) => void res.end('hello')],
    [
      'write',
      (res) => {
        res.write('he');
        res.end('llo');
      },
    ],
    ['writeHead', (res) => void res.writeHead(200, { 'Set-Cookie': 'own=1' }).end('hello')],
    [
      'flushHeaders',
      (res) => {
        res.flushHeaders();
        res.end('hello');
      },
    ],
    ['redirect', (res) => void res.writeHead(303, { Location: '/' }).end()],
  ])('has the session in its head: %s', async (_name, respond) => {
    const app = await nodeApp(
      {
        '/': (req, res) => {
          req.session['n'] = 1;
          respond(res);
        },
        '/n': (req, res) => void res.end(String(req.session['n'])),
      },
      { store },
    );
    const client = app.client();
    await client.read('/');
    expect((await client.read('/n')).text).toBe('1');
  });

  it('HEAD included', async () => {
    const app = await sealedApp({
      '/': (req, res) => {
        req.session['n'] = 1;
        res.send('hello');
      },
      '/show': show,
    });
    const client = app.client();
    await client.fetch('/', { method: 'HEAD' });
    expect((await client.read('/show')).text).toBe('{"n":1}');
  });

  it('what is changed while the response is held is in it', async () => {
    const app = await nodeApp(
      {
        '/': (req, res) => {
          req.session['first'] = 1;
          res.write('a');
          req.session['second'] = 2;
          setImmediate(() => res.end('b'));
        },
        '/show': (req, res) => void res.end(JSON.stringify({ ...req.session, cookie: undefined })),
      },
      { store },
    );
    const client = app.client();
    expect((await client.read('/')).text).toBe('ab');
    expect((await client.read('/show')).text).toBe('{"first":1,"second":2}');
  });

  it('a stream of events has the session that it began with', async () => {
    const app = await sealedApp({
      '/events': (req, res) => {
        req.session['subscribed'] = true;
        res.type('text/event-stream').flushHeaders();
        res.write('data: 1\n\n');
        setImmediate(() => res.end('data: 2\n\n'));
      },
      '/show': show,
    });
    const client = await app.knownClient();
    expect((await client.read('/events')).text).toBe('data: 1\n\ndata: 2\n\n');
    expect(JSON.parse((await client.read('/show')).text)).toEqual({ user: 'ada', subscribed: true });
  });
});
