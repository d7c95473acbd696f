import session from 'express-session';
import { MemorySessionStore, type SessionOptions, SessionUsageException } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import type { CookieClient } from '../support/http-server.js';
import { nestApp, type Script } from '../support/nest-app.js';
import { plainRequest } from '../support/plain-request.js';
import { failure } from '../support/run-scripts.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What the query of a request says about the login. */
type LoginOptions = NonNullable<Parameters<Parameters<Script>[0]['sessions']['login']>[1]>;

const scripts: Record<string, Script> = {
  login: ({ sessions, req }) =>
    sessions.login('ada', JSON.parse(String(req.query['options'] ?? '{}')) as LoginOptions),
  async who({ sessions }) {
    await sessions.load();
    return sessions.principal ?? 'nobody';
  },
  async ends({ sessions }) {
    await sessions.load();
    return JSON.stringify([sessions.expiresAt, sessions.absoluteExpiresAt]);
  },
  confirm: ({ sessions }) => sessions.confirm(),
  count: ({ sessions }) => sessions.update((draft) => (draft.count = (draft.count ?? 0) + 1)).then(String),
  logout: ({ sessions }) => sessions.logout(),
};

async function app(options: Partial<SessionOptions> = {}) {
  // The clients go by the machine's clock, and cookies by whole seconds.
  const clock = fakeClock(Math.ceil(Date.now() / 1_000) * 1_000);
  const parts = await nestApp({
    scripts,
    options: { clock, store: new MemorySessionStore({ clock }), ...options },
  });
  const start = clock.now();
  const login = async (loginOptions: object, client = parts.client()) => {
    const response = await client.fetch(`/login?options=${encodeURIComponent(JSON.stringify(loginOptions))}`);
    return { client, response, cookie: cookieOf(response) };
  };
  const who = async (client: CookieClient) => (await client.read('/who')).text;
  return { ...parts, clock, start, login, who };
}

/** The session cookie of a response, by its attributes; the time is that since the start, to a second. */
function cookieOf(response: Response): Map<string, string> | undefined {
  const line = response.headers.getSetCookie().find((one) => one.startsWith('sid='));
  const parts = line?.split('; ').slice(1) ?? [];
  return line === undefined
    ? undefined
    : new Map(
        parts.map((part): [string, string] => {
          const [name = '', value = ''] = part.split('=');
          return [name.toLowerCase(), value];
        }),
      );
}

/** When a cookie ends, in milliseconds from a time, to a second; undefined for one that ends with the browser. */
function endOf(cookie: Map<string, string> | undefined, start: number): number | undefined {
  const expires = cookie?.get('expires');
  return expires === undefined ? undefined : Math.round((Date.parse(expires) - start) / 1_000) * 1_000;
}

const KINDS: [string, () => Partial<SessionOptions>][] = [
  ['a store', () => ({})],
  ['a cookie', () => ({ store: new SealedCookieStore() })],
  ["a store of express-session's", () => ({ store: new session.MemoryStore() })],
  ['a store, loaded lazily', () => ({ load: 'lazy' })],
];

describe.each(KINDS)('login({ remember: true }) of a session that lives in %s', (kind, optionsOf) => {
  it('makes a cookie that outlives the browser, as long as the session lasts without a request', async () => {
    const { login, start } = await app(optionsOf());
    const { cookie } = await login({ remember: true });
    expect(endOf(cookie, start)).toBe(30 * DAY);
    expect([cookie?.has('httponly'), cookie?.get('samesite'), cookie?.get('path')]).toEqual([
      true,
      'Lax',
      '/',
    ]);
    expect(endOf((await login({})).cookie, start)).toBeUndefined();
  });

  it('P6 lasts for 30 days without a request, and for 90 days whatever happens', async () => {
    const { login, clock, who } = await app(optionsOf());
    const { client: idle } = await login({ remember: true });
    const { client: busy } = await login({ remember: true });
    clock.advance(30 * DAY - 1);
    expect([await who(idle), await who(busy)]).toEqual(['ada', 'ada']);
    clock.advance(29 * DAY);
    expect(await who(busy)).toBe('ada');
    clock.advance(DAY);
    expect([await who(idle), await who(busy)]).toEqual(['nobody', 'ada']);
    clock.advance(29 * DAY);
    expect(await who(busy)).toBe('ada');
    clock.advance(2 * DAY);
    expect(await who(busy)).toBe('nobody');
  });

  it('sends the cookie again when the session is used, never for longer than it can last', async () => {
    const { login, clock, start } = await app(optionsOf());
    const { client } = await login({ remember: true });
    clock.advance(20 * DAY);
    expect(endOf(cookieOf(await client.fetch('/who')), start)).toBe(50 * DAY);
    clock.advance(25 * DAY);
    expect(endOf(cookieOf(await client.fetch('/count')), start)).toBe(75 * DAY);
    clock.advance(25 * DAY);
    expect(endOf(cookieOf(await client.fetch('/who')), start)).toBe(90 * DAY);
  });

  it('survives a confirmation: cookie, limits and all', async () => {
    const { login, clock, start, who } = await app(optionsOf());
    const { client } = await login({ remember: true });
    clock.advance(10 * DAY);
    const response = await client.fetch('/confirm');
    expect(endOf(cookieOf(response), start)).toBe(40 * DAY);
    expect(response.headers.get('cache-control')).toBe('no-store');
    clock.advance(29 * DAY);
    expect(await who(client)).toBe('ada');
    const [, absolute] = JSON.parse((await client.read('/ends')).text) as string[];
    expect(Date.parse(absolute ?? '') - start).toBe(90 * DAY);
  });

  it('is over with a logout, and with a login that is not to be remembered', async () => {
    const { login, start, who, clock } = await app(optionsOf());
    const { client } = await login({ remember: true });
    const { cookie } = await login({ remember: false }, client);
    expect([endOf(cookie, start), await who(client)]).toEqual([undefined, 'ada']);
    clock.advance(DAY);
    expect(await who(client)).toBe('nobody');
    await login({ remember: true }, client);
    const cleared = cookieOf(await client.fetch('/logout'));
    expect(Date.parse(cleared?.get('expires') ?? '')).toBe(0);
    expect([await who(client), client.cookies.size, kind]).toEqual(['nobody', 0, kind]);
  });

  it('takes limits of its own, longer and shorter', async () => {
    const { login, start, clock, who } = await app(optionsOf());
    const { client, cookie } = await login({ remember: true, idleTimeout: '2d', absoluteTimeout: '3d' });
    expect(endOf(cookie, start)).toBe(2 * DAY);
    const { cookie: capped } = await login({ remember: true, absoluteTimeout: '3d' });
    expect(endOf(capped, start)).toBe(3 * DAY);
    expect(endOf((await login({ remember: true, idleTimeout: '60d' })).cookie, start)).toBe(60 * DAY);
    clock.advance(2 * DAY - 1);
    expect(await who(client)).toBe('ada');
    clock.advance(DAY + 1);
    expect(await who(client)).toBe('nobody');
  });
});

describe('login({ remember })', () => {
  it('goes by the option', async () => {
    const { login, start, clock, who } = await app({
      remember: { idleTimeout: '7d', absoluteTimeout: '10d' },
    });
    const { client, cookie } = await login({ remember: true });
    expect(endOf(cookie, start)).toBe(7 * DAY);
    clock.advance(6 * DAY);
    await who(client);
    clock.advance(4 * DAY);
    expect(await who(client)).toBe('nobody');
  });

  it('false makes a cookie that ends with the browser where cookie.maxAge is set', async () => {
    const { login, start, clock, who } = await app({ cookie: { maxAge: 2 * HOUR } });
    expect(endOf((await login({})).cookie, start)).toBe(2 * HOUR);
    const { client, cookie } = await login({ remember: false });
    expect([cookie?.has('path'), endOf(cookie, start)]).toEqual([true, undefined]);
    clock.advance(HOUR);
    // It is not sent again either: there is nothing to prolong.
    expect(cookieOf(await client.fetch('/who'))).toBeUndefined();
    clock.advance(90 * MINUTE);
    expect(await who(client)).toBe('ada');
  });

  it('comes on top of what a function says of the cookie', async () => {
    const { login, start, clock, who } = await app({
      cookie: ({ headers }) => ({
        sameSite: 'strict',
        ...(headers['x-maxage'] === undefined ? {} : { maxAge: Number(headers['x-maxage']) }),
      }),
    });
    const { cookie } = await login({ remember: true });
    expect([cookie?.get('samesite'), endOf(cookie, start)]).toEqual(['Strict', 30 * DAY]);
    const asked = async (options: object) => {
      const { client } = await login({});
      const response = await client.fetch(`/login?options=${encodeURIComponent(JSON.stringify(options))}`, {
        headers: { 'x-maxage': String(2 * HOUR) },
      });
      return { client, end: endOf(cookieOf(response), start) };
    };
    expect((await asked({})).end).toBe(2 * HOUR);
    expect((await asked({ remember: false })).end).toBeUndefined();
    // An absolute limit of its own leaves the idle one alone.
    const { client } = await asked({ absoluteTimeout: '3h' });
    clock.advance(2 * HOUR - 1);
    expect(await who(client)).toBe('ada');
  });

  it("keeps what 'auto' came to when the user logged in", async () => {
    const { url, client } = await app({ cookie: { secure: 'auto', sameSite: 'auto' as never }, proxy: true });
    const options = `options=${encodeURIComponent('{"remember":true}')}`;
    const attributes = async (proto: string) =>
      (await plainRequest(`${url}/login?${options}`, { headers: { 'x-forwarded-proto': proto } })).headers[
        'set-cookie'
      ]?.[0];
    expect(await attributes('https')).toMatch(/Secure; SameSite=None$/);
    expect(await attributes('http')).toMatch(/HttpOnly; SameSite=Lax$/);
    const known = client();
    const login = await known.fetch(`/login?${options}`, { headers: { 'x-forwarded-proto': 'https' } });
    expect(login.headers.getSetCookie()[0]).toMatch(/Secure; SameSite=None$/);
    const logout = await known.fetch('/logout', { headers: { 'x-forwarded-proto': 'https' } });
    expect(logout.headers.getSetCookie()[0]).toMatch(/Expires=Thu, 01 Jan 1970.*Secure; SameSite=None$/);
  });

  it('survives the rotation of its token', async () => {
    const { login, start, clock, client } = await app({ renewAfter: '1d' });
    const { client: known } = await login({ remember: true });
    const token = known.cookie;
    clock.advance(2 * DAY);
    expect(endOf(cookieOf(await known.fetch('/who')), start)).toBe(32 * DAY);
    expect(known.cookie).not.toBe(token);
    clock.advance(29 * DAY);
    expect((await known.read('/who')).text).toBe('ada');
    expect(client().cookie).toBe('');
  });
});

describe('login({ idleTimeout, absoluteTimeout })', () => {
  it('P6 are limits of this session only, longer and shorter than what is configured', async () => {
    const { login, clock, who } = await app({ idleTimeout: '30m', absoluteTimeout: '12h' });
    const clients = {
      usual: (await login({})).client,
      idleShort: (await login({ idleTimeout: '5m' })).client,
      idleLong: (await login({ idleTimeout: '2h' })).client,
      absoluteShort: (await login({ absoluteTimeout: '20m' })).client,
      absoluteLong: (await login({ absoluteTimeout: '3d', idleTimeout: '3d' })).client,
    };
    const alive = async () => {
      const states = await Promise.all(
        Object.entries(clients).map(async ([name, client]) => ((await who(client)) === 'ada' ? name : '')),
      );
      return states.filter((name) => name !== '').join();
    };
    clock.advance(5 * MINUTE);
    expect(await alive()).toBe('usual,idleLong,absoluteShort,absoluteLong');
    clock.advance(15 * MINUTE);
    expect(await alive()).toBe('usual,idleLong,absoluteLong');
    clock.advance(2 * HOUR - 1);
    expect(await alive()).toBe('idleLong,absoluteLong');
    for (let hours = 0; hours < 12; hours++) {
      clock.advance(HOUR);
      await alive();
    }
    expect(await alive()).toBe('absoluteLong');
    clock.advance(2 * DAY);
    expect(await alive()).toBe('absoluteLong');
    clock.advance(DAY);
    expect(await alive()).toBe('');
  });

  it.each<[string, string]>([
    ['activity', '/count'],
    ['rotation', '/who'],
    ['a confirmation', '/confirm'],
  ])('P6 are not moved by %s', async (_what, path) => {
    const { login, clock, start, who } = await app({ renewAfter: '10m' });
    const { client } = await login({ idleTimeout: '1h', absoluteTimeout: '3h' });
    for (let times = 0; times < 5; times++) {
      clock.advance(30 * MINUTE);
      await client.read(path);
      const [, absolute] = JSON.parse((await client.read('/ends')).text) as string[];
      expect(Date.parse(absolute ?? '') - start).toBe(3 * HOUR);
    }
    clock.advance(30 * MINUTE);
    expect(await who(client)).toBe('nobody');
  });

  it('carry the cookie with them where it is persistent anyway', async () => {
    const { login, start } = await app({ cookie: { maxAge: 2 * HOUR } });
    expect(endOf((await login({ idleTimeout: '10m' })).cookie, start)).toBe(10 * MINUTE);
    expect(endOf((await login({ idleTimeout: '8h' })).cookie, start)).toBe(8 * HOUR);
    expect(endOf((await login({ absoluteTimeout: '1h' })).cookie, start)).toBe(HOUR);
  });

  it.each<[string, object]>([
    ['a negative time', { idleTimeout: -1 }],
    ['none at all', { absoluteTimeout: 0 }],
    ['a text that is none', { idleTimeout: 'soon' }],
    ['an empty text', { absoluteTimeout: '' }],
    ['no number', { idleTimeout: Number.NaN }],
    ['for ever', { absoluteTimeout: Number.POSITIVE_INFINITY }],
    ['more than dates can hold', { remember: true, idleTimeout: 9e15, absoluteTimeout: 9e15 }],
    ['a time of another kind', { idleTimeout: { minutes: 5 } }],
    ['idle for longer than at all', { idleTimeout: '2h', absoluteTimeout: '1h' }],
    ['idle for longer than what is configured', { idleTimeout: '13h' }],
    ['idle for longer than what is remembered', { remember: true, idleTimeout: '91d' }],
  ])('refuses %s: nobody is logged in, and the session is as it was', async (_what, options) => {
    const errors: unknown[] = [];
    const clock = fakeClock();
    const { client, store } = await nestApp({
      options: { clock },
      scripts: {
        ...scripts,
        bad: async ({ sessions, req }) => {
          errors.push(await failure(() => sessions.login('eve', { ...options, keep: [] })));
          return [sessions.principal, sessions.get('count'), req.session.count];
        },
        hard: ({ sessions }) => sessions.login('eve', options),
      },
    });
    const known = client();
    await known.read('/login');
    await known.read('/count');
    const before = [...store.records];
    expect((await known.read('/bad')).text).toBe('["ada",1,1]');
    expect(errors[0]).toBeInstanceOf(SessionUsageException);
    expect(errors[0]).toMatchObject({ code: 'session_invalid_lifetime' });
    const { status, text } = await known.read('/hard');
    expect([status, (JSON.parse(text) as { code: string }).code]).toEqual([500, 'session_invalid_lifetime']);
    expect(store.records).toEqual(before);
    expect((await known.read('/who')).text).toBe('ada');
  });
});
