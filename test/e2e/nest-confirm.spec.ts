import session from 'express-session';
import { MemorySessionStore, type SessionEvent, type SessionOptions } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import { CookieClient } from '../support/http-server.js';
import { nestApp, type Script } from '../support/nest-app.js';
import { failure } from '../support/run-scripts.js';

const MINUTE = 60_000;

const scripts: Record<string, Script> = {
  login: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada' } }),
  async confirm({ sessions }) {
    await sessions.load();
    sessions.set('cart', ['pending']);
    await sessions.confirm();
    return 'confirmed';
  },
  async show({ sessions }) {
    await sessions.load();
    return JSON.stringify([
      sessions.principal ?? null,
      { ...sessions.fields },
      sessions.authenticatedAt?.getTime() ?? null,
      sessions.absoluteExpiresAt?.getTime() ?? null,
      sessions.handle ?? null,
    ]);
  },
};

async function loggedIn(options: Partial<SessionOptions> = {}, more: Record<string, Script> = {}) {
  const clock = fakeClock();
  const parts = await nestApp({ scripts: { ...scripts, ...more }, options: { clock, ...options } });
  const ada = parts.client();
  await ada.read('/login');
  const show = async (client = ada): Promise<unknown[]> =>
    JSON.parse((await client.read('/show')).text) as unknown[];
  const copy = () => {
    const other = new CookieClient(parts.url);
    ada.cookies.forEach((value, name) => other.cookies.set(name, value));
    return other;
  };
  return { ...parts, clock, ada, show, copy, start: clock.now() };
}

const codeOf = (error: unknown): unknown => Reflect.get(Object(error), 'code');

describe.each<[string, () => Partial<SessionOptions>, boolean]>([
  ['a store', () => ({}), true],
  ['a store, loaded lazily', () => ({ load: 'lazy' }), true],
  ["a store of express-session's", () => ({ store: new session.MemoryStore() }), true],
  ['a cookie', () => ({ store: new SealedCookieStore() }), false],
])('confirm() of a session that lives in %s', (_kind, optionsOf, endsFormer) => {
  it('gives it a new token; everything else stays, and pending changes go along', async () => {
    const { ada, show, clock, start } = await loggedIn(optionsOf());
    const [, , authenticatedAt, absoluteAt, handle] = await show();
    expect(authenticatedAt).toBe(start);
    const { cookie } = ada;
    clock.advance(MINUTE);
    const response = await ada.fetch('/confirm');
    expect([response.status, await response.text()]).toEqual([200, 'confirmed']);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.getSetCookie()).toHaveLength(1);
    expect(ada.cookie).not.toBe(cookie);
    expect(await show()).toEqual([
      'ada',
      { user: 'Ada', cart: ['pending'] },
      start + MINUTE,
      absoluteAt,
      handle,
    ]);
  });

  // Where the session lives in its cookie the one from before stays as good as it was.
  it.each(endsFormer ? ['a short time'] : [])(
    'lets the token from before work on for %s, without what it proved',
    async () => {
      const { ada, copy, show, clock } = await loggedIn(optionsOf());
      const old = copy();
      clock.advance(MINUTE);
      await ada.read('/confirm');
      expect((await show(old)).slice(0, 3)).toEqual(['ada', { user: 'Ada', cart: ['pending'] }, null]);
      await show();
      await show();
      clock.advance(30_000);
      expect((await show(old))[0]).toBe('ada');
      clock.advance(1);
      expect((await show(old))[0]).toBeNull();
      expect((await show())[0]).toBe('ada');
    },
  );

  it('without a session is an error, and leaves the request as it was', async () => {
    const errors: unknown[] = [];
    const { client, show } = await loggedIn(optionsOf(), {
      async none({ sessions }) {
        errors.push(await failure(() => sessions.confirm()));
        sessions.set('theme', 'dark');
      },
      async out({ sessions }) {
        await sessions.logout();
        errors.push(await failure(() => sessions.confirm()));
      },
    });
    const nobody = client();
    await nobody.read('/none');
    expect(errors[0]).toMatchObject({
      code: 'session_gone',
      message: expect.stringMatching(/no session.*AuthGuard/),
    });
    // What was put in the session afterwards is stored.
    expect((await show(nobody)).slice(0, 2)).toEqual([null, { theme: 'dark' }]);
    await nobody.read('/out');
    expect(codeOf(errors[1])).toBe('session_ended');
  });

  it('once the response has begun is an error, and nothing has changed', async () => {
    const errors: unknown[] = [];
    const { ada, show } = await loggedIn(optionsOf(), {
      async late({ sessions, res }) {
        await sessions.load();
        await new Promise<void>((resolve) => void res.write('begun ', () => resolve()));
        errors.push(await failure(() => sessions.confirm()));
        res.end('over');
      },
    });
    const before = await show();
    const { cookie } = ada;
    expect(await ada.read('/late')).toEqual({ status: 200, text: 'begun over' });
    expect(errors).toMatchObject([{ code: 'session_headers_sent' }]);
    expect([ada.cookie, await show()]).toEqual([cookie, before]);
  });
});

describe('confirm()', () => {
  it('P3 is durable when it resolves', async () => {
    const seen: unknown[] = [];
    const { ada, store } = await loggedIn(
      {},
      {
        async durable({ sessions }) {
          sessions.set('theme', 'dark');
          await sessions.confirm();
          seen.push(store.records.filter(({ next }) => next === undefined).map(({ fields }) => fields));
        },
      },
    );
    await ada.read('/durable');
    expect(seen).toEqual([['{"user":"Ada","theme":"dark"}']]);
  });

  it('of a session that has ended meanwhile is 409, and nothing of it is stored', async () => {
    const events: SessionEvent[] = [];
    const clock = fakeClock();
    const store = new MemorySessionStore({ clock });
    const { ada, copy, show } = await loggedIn(
      { clock, store, onEvent: (event) => events.push(event) },
      {
        async slow({ sessions }) {
          sessions.set('theme', 'dark');
          await other.read('/logout');
          await sessions.confirm();
        },
        logout: ({ sessions }) => sessions.logout(),
      },
    );
    const other = copy();
    const { status, text } = await ada.read('/slow');
    expect([status, codeOf(JSON.parse(text))]).toEqual([409, 'session_gone']);
    expect((await show())[0]).toBeNull();
    expect(events.map(({ type }) => type)).toContain('lost-write');
  });

  it('twice in one request leaves one session and one cookie', async () => {
    const { ada, show, store } = await loggedIn(
      {},
      {
        async twice({ sessions }) {
          await sessions.confirm({ elevate: { role: 'admin' } });
          await sessions.confirm({ elevate: { theme: 'dark' } });
          return Object.keys(sessions.fields).join();
        },
      },
    );
    const response = await ada.fetch('/twice');
    expect(await response.text()).toBe('user,role,theme');
    expect(response.headers.getSetCookie()).toHaveLength(1);
    expect((await show())[1]).toEqual({ user: 'Ada', role: 'admin', theme: 'dark' });
    expect(store.records.filter(({ next }) => next === undefined)).toHaveLength(1);
  });

  it('right after a login in the same request is done as well', async () => {
    const { ada, show } = await loggedIn(
      {},
      {
        async both({ sessions }) {
          await sessions.login('bob');
          await sessions.confirm({ elevate: { role: 'admin' } });
        },
      },
    );
    const response = await ada.fetch('/both');
    expect(response.headers.getSetCookie()).toHaveLength(1);
    expect((await show()).slice(0, 2)).toEqual(['bob', { role: 'admin' }]);
  });

  it('that nobody waits for is waited for by the response', async () => {
    const { ada, show } = await loggedIn(
      {},
      {
        bare: ({ sessions }) => void sessions.confirm({ elevate: { role: 'admin' } }),
      },
    );
    expect((await ada.fetch('/bare')).headers.getSetCookie()).toHaveLength(1);
    expect((await show())[1]).toEqual({ user: 'Ada', role: 'admin' });
  });
});
