import { createReadStream } from 'node:fs';
import { NotFoundException } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import session from 'express-session';
import { type SessionEvent, SessionModule, type SessionOptions, SessionRegistry } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import { Browser } from '../support/browser.js';
import type { CookieClient } from '../support/http-server.js';
import { nestApp, type Script, SECRET } from '../support/nest-app.js';
import { idOf, tokenOf } from '../support/tokens.js';

const MINUTE = 60_000;
const GRACE = 30_000;

const SCRIPTS: Record<string, Script> = {
  login: ({ sessions }) => sessions.login('ada', { data: { count: 0 } }),
  fill: ({ sessions }) => sessions.set('count', 0),
  who: ({ sessions }) => `${sessions.principal ?? 'nobody'} ${String(sessions.get('count'))}`,
  untouched: () => 'untouched',
  add: ({ sessions }) => sessions.update((draft) => void (draft['count'] = Number(draft['count']) + 1)),
  logout: ({ sessions }) => sessions.logout(),
  regenerate: ({ sessions }) => sessions.regenerate({ keep: ['count'] }),
  redirect: ({ res }) => res.redirect(303, '/who'),
  unchanged: ({ res }) => void res.status(304).end(),
  json: ({ res }) => void res.json({ ok: true }),
  file: ({ res }) => void createReadStream(import.meta.filename).pipe(res),
  events: ({ res }) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    res.write('data: one\n\n');
    res.end('data: two\n\n');
  },
  stored: ({ req }) =>
    new Promise((resolve) =>
      req.sessionStore.get(String(req.query['sid']), (_error, stored) => resolve(String(stored?.count))),
    ),
  destroyed: ({ req }) =>
    new Promise((resolve) => req.sessionStore.destroy(String(req.query['sid']), () => resolve('done'))),
  missing: () => {
    throw new NotFoundException();
  },
  broken: () => {
    throw new Error('broken');
  },
  tooLate: ({ res, sessions }) => {
    res.write('head');
    sessions.set('count', 5);
    res.end();
  },
};

/** What the application stands in, and how the first request comes to it. */
interface Surroundings {
  readonly headers?: Record<string, string>;
  readonly setUp?: (app: NestExpressApplication) => void;
}

/** An application with `renewAfter`, in which somebody's token is ten minutes old. */
async function dueApp(
  options: Partial<SessionOptions> = {},
  begin = '/login',
  { headers = {}, setUp = () => undefined }: Surroundings = {},
) {
  const clock = fakeClock(Date.now());
  const events: SessionEvent[] = [];
  const app = await nestApp({
    options: { renewAfter: '10m', registry: true, clock, onEvent: (event) => events.push(event), ...options },
    scripts: SCRIPTS,
    setUp,
  });
  const client = app.client();
  expect((await client.fetch(begin, { headers })).headers.getSetCookie()).toHaveLength(1);
  clock.advance(10 * MINUTE);
  const registry = app.app.get(SessionRegistry);
  /** A client with a cookie that this one had. */
  const withCookies = (cookies: ReadonlyMap<string, string>) => {
    const other = app.client();
    cookies.forEach((value, name) => other.cookies.set(name, value));
    return other;
  };
  return { ...app, clock, events, registry, renewing: client, withCookies };
}

const cookiesOf = (response: Response) => response.headers.getSetCookie();
const read = async (client: CookieClient, path: string) => (await client.read(path)).text;

describe('a new token from time to time', () => {
  it.each(['/login', '/fill'])(
    'comes to who began with %s, once it is due, and not before',
    async (begin) => {
      const { renewing: client, clock, registry } = await dueApp({}, begin);
      const before = tokenOf(client);
      clock.advance(-1);
      expect(cookiesOf(await client.fetch('/who'))).toEqual([]);
      clock.advance(1);
      const response = await client.fetch('/who');
      expect(cookiesOf(response)).toEqual([
        expect.stringMatching(/^sid=s%3A.*; Path=\/; HttpOnly; SameSite=Lax$/),
      ]);
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(tokenOf(client)).not.toBe(before);
      expect(cookiesOf(await client.fetch('/who'))).toEqual([]);
      expect(await read(client, '/who')).toBe(begin === '/login' ? 'ada 0' : 'nobody 0');
      clock.advance(10 * MINUTE);
      expect(cookiesOf(await client.fetch('/who'))).toHaveLength(1);
      expect(await registry.count('ada')).toBe(begin === '/login' ? 1 : 0);
    },
  );

  it.each([
    ['/untouched', 200],
    ['/json', 200],
    ['/redirect', 303],
    ['/unchanged', 304],
    ['/file', 200],
    ['/events', 200],
    ['/missing', 404],
    ['/broken', 500],
    ['/nowhere', 500],
    ['/add', 200],
    ['/tooLate', 200],
  ])('goes with the response of %s', async (path, status) => {
    const { renewing: client } = await dueApp();
    const before = tokenOf(client);
    const response = await client.fetch(path);
    await response.text();
    expect([response.status, cookiesOf(response)]).toEqual([status, [expect.stringMatching(/^sid=/)]]);
    expect(tokenOf(client)).not.toBe(before);
    const n = { '/add': 1, '/tooLate': 5 }[path] ?? 0;
    expect(await read(client, '/who')).toBe(`ada ${n}`);
  });

  it('goes with the answer to HEAD', async () => {
    const { renewing: client } = await dueApp();
    expect(cookiesOf(await client.fetch('/who', { method: 'HEAD' }))).toHaveLength(1);
    expect(await read(client, '/who')).toBe('ada 0');
  });

  it.each([
    ['/logout', 1, 'nobody undefined'],
    ['/regenerate', 1, 'nobody 0'],
    ['/login', 1, 'ada 0'],
  ])('is not made of a session that %s ends', async (path, cookies, after) => {
    const { renewing: client, events } = await dueApp();
    expect(cookiesOf(await client.fetch(path))).toHaveLength(cookies);
    expect(await read(client, '/who')).toBe(after);
    expect(events.filter(({ type }) => type === 'renewed')).toEqual([]);
  });

  it('with load lazy comes when the session is used', async () => {
    const { renewing: client, store } = await dueApp({ load: 'lazy' });
    const calls = store.calls.length;
    expect(cookiesOf(await client.fetch('/untouched'))).toEqual([]);
    expect(store.calls).toHaveLength(calls);
    const response = await client.fetch('/add');
    expect([response.status, cookiesOf(response)]).toEqual([200, [expect.stringMatching(/^sid=/)]]);
  });

  it('does not come where a secure cookie could not be sent', async () => {
    const headers = { 'x-forwarded-proto': 'https' };
    const options = { cookie: { secure: true }, proxy: true };
    const { renewing: client } = await dueApp(options, '/login', { headers });
    const before = tokenOf(client);
    const plain = await client.fetch('/who');
    expect(cookiesOf(plain)).toEqual([]);
    expect(tokenOf(client)).toBe(before);
    const secure = await client.fetch('/who', { headers });
    expect(cookiesOf(secure)).toHaveLength(1);
  });

  it('P3 is durable before a byte of the response is seen', async () => {
    const { renewing: client, store } = await dueApp();
    const held = store.holdNext('create');
    let isAnswered = false;
    const response = client.fetch('/who').finally(() => (isAnswered = true));
    await held.reached;
    expect(isAnswered).toBe(false);
    expect(store.count('create')).toBeGreaterThan(1);
    held.release();
    const [cookie] = cookiesOf(await response);
    expect(cookie).toBeDefined();
    expect(await store.inner.read(idOf(tokenOf(client)))).toBeDefined();
  });

  it.each(['create', 'replace'] as const)(
    'that a store in trouble with %s cannot make leaves the answer and the token as they were',
    async (operation) => {
      const { renewing: client, store, log } = await dueApp();
      store.fail(operation);
      const response = await client.fetch('/who');
      expect([response.status, await response.text(), cookiesOf(response)]).toEqual([200, 'ada 0', []]);
      await log.says(new RegExp(`failed at ${operation}: .* Cause: The test took the store down`));
      store.heal();
      expect(cookiesOf(await client.fetch('/who'))).toHaveLength(1);
      expect(await read(client, '/who')).toBe('ada 0');
    },
  );

  it('comes once to a page that asks for much at once, and nothing it does is lost', async () => {
    const { renewing: client, registry, store, withCookies } = await dueApp();
    const old = new Map(client.cookies);
    const creates = store.count('create');
    const responses = await Promise.all(Array.from({ length: 20 }, () => client.fetch('/add')));
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
    expect(responses.flatMap(cookiesOf)).toHaveLength(1);
    expect(store.count('create') - creates).toBe(1);
    expect(await read(client, '/who')).toBe('ada 20');
    expect(await read(withCookies(old), '/who')).toBe('ada 20');
    expect(await registry.count('ada')).toBe(1);
  });

  it('lets the old one work for a while, tells once of it after that, and leaves its cookie alone', async () => {
    const { renewing: client, clock, events, log, withCookies } = await dueApp();
    const thief = withCookies(client.cookies);
    await client.fetch('/who');
    const token = tokenOf(thief);
    expect(await read(thief, '/who')).toBe('ada 0');
    await read(client, '/who');
    clock.advance(GRACE);
    expect(await read(thief, '/who')).toBe('ada 0');
    clock.advance(1);
    for (let again = 0; again < 3; again++) {
      const refused = await thief.fetch('/who');
      expect([await refused.text(), cookiesOf(refused)]).toEqual(['nobody undefined', []]);
    }
    const reused = events.filter(({ type }) => type === 'token-reused');
    expect(reused).toEqual([expect.objectContaining({ principal: 'ada' })]);
    const lines = log.warnings.filter(({ message }) => message.includes('replaced long ago'));
    expect(lines).toHaveLength(1);
    expect(JSON.stringify([lines, reused])).not.toContain(token);
    expect(JSON.stringify([lines, reused])).not.toContain(idOf(token));
    expect(await read(client, '/who')).toBe('ada 0');
  });

  it.each<[string, Partial<SessionOptions>]>([
    ['rolling', { rolling: true }],
    ['persistent', { cookie: { maxAge: 30 * MINUTE } }],
  ])('is not undone by the %s cookie of a request that came with the old one', async (_what, options) => {
    const { renewing: client, clock, withCookies } = await dueApp(options);
    const late = withCookies(client.cookies);
    const [cookie = ''] = cookiesOf(await client.fetch('/who'));
    expect(/Expires=/.test(cookie)).toBe('cookie' in options);
    expect(cookiesOf(await late.fetch('/add'))).toEqual([]);
    expect(cookiesOf(await client.fetch('/add'))).toHaveLength(1);
    clock.advance(GRACE);
    expect(cookiesOf(await late.fetch('/add'))).toEqual([]);
    expect(await read(client, '/who')).toBe('ada 3');
  });

  it('that was lost leaves a persistent cookie which is sent again as ever', async () => {
    const { renewing: client, clock, withCookies } = await dueApp({ cookie: { maxAge: 30 * MINUTE } });
    const lost = withCookies(client.cookies);
    await client.fetch('/who');
    const token = tokenOf(lost);
    clock.advance(5 * MINUTE);
    expect(cookiesOf(await lost.fetch('/who'))).toHaveLength(1);
    expect(tokenOf(lost)).toBe(token);
    clock.advance(5 * MINUTE);
    expect(cookiesOf(await lost.fetch('/who'))).toHaveLength(1);
    expect(tokenOf(lost)).not.toBe(token);
    expect(await read(lost, '/who')).toBe('ada 0');
  });

  it('keeps the scope of the cookie, so that the browser has one and not two', async () => {
    const setUp = (app: NestExpressApplication) => void app.setGlobalPrefix('area');
    const { url, clock } = await dueApp({ cookie: { path: '/area' } }, '/area/login', { setUp });
    const browser = new Browser(url);
    await browser.visit('/area/login');
    clock.advance(10 * MINUTE);
    const before = browser.cookiesFor('/area/who');
    const { setCookies } = await browser.visit('/area/who');
    expect(setCookies).toEqual([expect.stringContaining('Path=/area')]);
    const after = browser.cookiesFor('/area/who');
    expect(after).toHaveLength(1);
    expect(after).not.toEqual(before);
    expect(browser.cookiesFor('/other')).toEqual([]);
    expect((await browser.visit('/area/who')).text).toBe('ada 0');
  });

  it('P1 a logout with the old one takes the cookie away and ends the session for the new one too', async () => {
    const { renewing: client, withCookies, registry } = await dueApp();
    const old = withCookies(client.cookies);
    await client.fetch('/who');
    expect(cookiesOf(await old.fetch('/logout'))).toEqual([
      expect.stringMatching(/^sid=;.*Expires=Thu, 01 Jan 1970/),
    ]);
    expect(await read(client, '/who')).toBe('nobody undefined');
    expect(await registry.list('ada')).toEqual([]);
  });

  it('lists the session once, under its name, as the current one for both tokens', async () => {
    const { renewing: client, withCookies, registry } = await dueApp();
    const [before] = await registry.list('ada');
    const old = withCookies(client.cookies);
    await client.fetch('/who');
    const [after, ...others] = await registry.list('ada');
    expect([after?.handle, after?.createdAt, others]).toEqual([before?.handle, before?.createdAt, []]);
    expect(await registry.patch('ada', after?.handle ?? '', (draft) => void (draft['count'] = 9))).toBe(true);
    expect([await read(client, '/who'), await read(old, '/who')]).toEqual(['ada 9', 'ada 9']);
    expect(await registry.revoke('ada', after?.handle ?? '')).toBe(true);
    expect([await read(client, '/who'), await read(old, '/who')]).toEqual([
      'nobody undefined',
      'nobody undefined',
    ]);
  });

  it('P1 ends, and shows its fields, by the id that it had before as well', async () => {
    const { renewing: client } = await dueApp();
    const old = idOf(tokenOf(client));
    await client.fetch('/who');
    expect(await read(client, `/stored?sid=${old}`)).toBe('0');
    expect((await client.fetch(`/destroyed?sid=${old}`)).status).toBe(200);
    expect(await read(client, '/who')).toBe('nobody undefined');
  });

  it('P5 costs three calls, or seven with the registry, and nothing while it is not due', async () => {
    for (const [registry, calls] of [
      [false, 3],
      [true, 7],
    ] as const) {
      const { renewing: client, store } = await dueApp({ registry });
      const counted = async () => {
        const before = store.calls.length;
        await client.read('/who');
        return store.calls.slice(before);
      };
      expect(await counted()).toHaveLength(calls);
      // The first request with the new one notes that it was seen; from then on it is as before.
      expect(await counted()).toEqual(['read', 'replace']);
      expect(await counted()).toEqual(['read']);
    }
  });

  it.each([
    ['a store made for express-session', () => new session.MemoryStore()],
    ['sealed cookies', () => new SealedCookieStore()],
  ])('is refused at boot for %s', async (_what, store) => {
    const start = nestApp({
      sessionModule: SessionModule.forRoot({ secret: SECRET, store: store(), renewAfter: '10m' }),
    });
    await expect(start).rejects.toMatchObject({ code: 'session_options_invalid', option: 'renewAfter' });
  });
});
