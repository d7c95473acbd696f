import session from 'express-session';
import { type SessionInfo, SessionModule, type SessionOptions, SessionRegistry } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import type { CookieClient } from '../support/http-server.js';
import { nestApp, type Script, SECRET } from '../support/nest-app.js';
import { failure } from '../support/run-scripts.js';
import { idOf, tokenOf } from '../support/tokens.js';

/** An application that keeps who is logged in where; scripts find the registry in `of`. */
async function withRegistry(options: Partial<SessionOptions> = {}, scripts: Record<string, Script> = {}) {
  const of: { registry: SessionRegistry } = { registry: undefined as never };
  const login: Script = ({ sessions, req }) =>
    sessions.login(String(req.query.as ?? 'ada'), { keep: ['cart'] });
  const who: Script = ({ sessions }) => sessions.principal ?? 'nobody';
  const logout: Script = ({ sessions }) => sessions.logout();
  const list: Script = ({ req }) => of.registry.list(String(req.query.of ?? 'ada'));
  const clock = fakeClock();
  const app = await nestApp({
    options: { registry: true, clock, ...options },
    scripts: {
      login,
      who,
      logout,
      list,
      others: () => of.registry.revokeOthers().then(String),
      all: () => of.registry.revokeAll('ada').then(String),
      ...scripts,
    },
  });
  of.registry = app.app.get(SessionRegistry);

  /** A browser of its own that is logged in. */
  async function device(as = 'ada', headers: Record<string, string> = {}): Promise<CookieClient> {
    const client = app.client();
    expect((await client.read(`/login?as=${as}`, { headers })).status).toBe(200);
    return client;
  }
  const listed = async (client: CookieClient): Promise<(SessionInfo & Record<string, unknown>)[]> =>
    JSON.parse((await client.read('/list')).text);
  const knows = async (client: CookieClient) => (await client.read('/who')).text;
  return { ...app, registry: of.registry, clock, device, listed, knows };
}

describe('SessionRegistry', () => {
  it('lists the sessions of a user, the earliest first, and which is the current one', async () => {
    const { device, listed, registry, clock } = await withRegistry();
    const [one, two] = [await device(), await device()];
    clock.advance(60_000);
    await device('eve');
    const list = await listed(two);
    expect(list).toEqual([
      expect.objectContaining({ isCurrent: false, device: {} }),
      expect.objectContaining({ isCurrent: true, createdAt: new Date(clock.now() - 60_000).toISOString() }),
    ]);
    expect((await listed(one)).map(({ handle }) => handle)).toEqual(list.map(({ handle }) => handle));
    expect(await registry.count('ada')).toBe(2);
    expect(await registry.count('nobody')).toBe(0);
  });

  it('P7 shows nothing that is worth anything as a cookie', async () => {
    const { device } = await withRegistry();
    const client = await device();
    const { text } = await client.read('/list');
    expect(text).not.toContain(tokenOf(client));
    expect(text).not.toContain(idOf(tokenOf(client)));
  });

  it('notes about a device what it is told to, cut short', async () => {
    const { device, listed } = await withRegistry({
      registry: { userAgent: true, ip: true, label: ({ headers }) => headers['x-label']?.toString() },
    });
    const client = await device('ada', { 'user-agent': 'U'.repeat(1_000), 'x-label': 'L'.repeat(1_000) });
    const [info] = await listed(client);
    expect(info?.device).toEqual({ userAgent: 'U'.repeat(256), ip: '127.0.0.1', label: 'L'.repeat(128) });
    const { device: plain, listed: list } = await withRegistry({ registry: { label: () => undefined } });
    expect((await list(await plain()))[0]?.device).toEqual({});
  });

  it('P1 ends one session, which is out at its next request', async () => {
    const { device, listed, knows, registry, store } = await withRegistry();
    const [here, there] = [await device(), await device()];
    const other = (await listed(here)).find(({ isCurrent }) => !isCurrent)?.handle ?? '';
    expect(await registry.revoke('eve', other)).toBe(false);
    expect(await knows(there)).toBe('ada');
    expect(await registry.revoke('ada', other)).toBe(true);
    expect([await knows(here), await knows(there)]).toEqual(['ada', 'nobody']);
    expect(await registry.revoke('ada', other)).toBe(false);
    expect(store.records.filter(({ principal }) => principal === 'ada')).toHaveLength(1);
  });

  it.each(['', 'x', '__proto__', '\u0000', 'h'.repeat(10_000)])(
    'finds nothing by the handle %j',
    async (handle) => {
      const { device, registry } = await withRegistry();
      await device();
      expect(await registry.revoke('ada', handle)).toBe(false);
      expect(await registry.get('ada', handle)).toBeUndefined();
      expect(await registry.patch('ada', handle, () => undefined)).toBe(false);
    },
  );

  it('P1 ends all others, and leaves the current one', async () => {
    const { device, knows, client } = await withRegistry();
    const [one, two, three] = [await device(), await device(), await device()];
    const eve = await device('eve');
    expect((await two.read('/others')).text).toBe('2');
    expect(await Promise.all([one, two, three, eve].map(knows))).toEqual(['nobody', 'ada', 'nobody', 'eve']);
    expect((await client().read('/others')).status).toBe(500);
  });

  it('P1 ends all, the current one and its cookie included', async () => {
    const { device, knows, registry } = await withRegistry();
    const [one, two] = [await device(), await device()];
    expect((await two.read('/all')).text).toBe('2');
    expect(two.cookies.size).toBe(0);
    expect(await Promise.all([one, two].map(knows))).toEqual(['nobody', 'nobody']);
    expect(await registry.count('ada')).toBe(0);
  });

  it('forgets sessions that were logged out, and those that expired', async () => {
    const { device, registry, clock } = await withRegistry({ idleTimeout: '30m' });
    const [one] = [await device(), await device()];
    await one.read('/logout');
    expect(await registry.count('ada')).toBe(1);
    clock.advance(31 * 60_000);
    expect(await registry.count('ada')).toBe(0);
  });

  it('reads and changes the fields of another session', async () => {
    const { device, listed, registry, knows, store } = await withRegistry(
      {},
      {
        cart: ({ sessions }) => sessions.get('cart'),
      },
    );
    const client = await device();
    const [{ handle } = { handle: '' }] = await listed(client);
    expect(await registry.patch('ada', handle, (draft) => void (draft.cart = ['tea']))).toBe(true);
    expect(await registry.get('ada', handle)).toEqual({ cart: ['tea'] });
    expect(await registry.get('eve', handle)).toBeUndefined();
    expect(await registry.patch('eve', handle, (draft) => void (draft.cart = []))).toBe(false);
    expect((await client.read('/cart')).text).toBe('["tea"]');
    expect(await knows(client)).toBe('ada');
    expect(store.stored).toContainEqual({ cart: ['tea'] });
  });

  it('gives a list in parts', async () => {
    const { device, registry } = await withRegistry();
    for (let n = 0; n < 5; n++) await device();
    const all = await registry.list('ada');
    const first = await registry.list('ada', { limit: 2 });
    const rest = await registry.list('ada', { after: first[1]?.handle ?? '' });
    expect([...first, ...rest].map(({ handle }) => handle)).toEqual(all.map(({ handle }) => handle));
  });

  it.each([[''], ['p'.repeat(10_000)], ['a\u0000b'], [7], [{}], [undefined]])(
    'refuses the principal %j',
    async (principal) => {
      const { registry } = await withRegistry();
      const who = principal as string;
      const calls = [
        registry.list(who),
        registry.count(who),
        registry.revokeAll(who),
        registry.revoke(who, 'h'),
      ];
      for (const error of await Promise.all(calls.map((call) => failure(() => call)))) {
        expect(error).toMatchObject({ code: 'session_invalid_principal' });
      }
    },
  );

  it('says so where it is not kept who is logged in where', async () => {
    const { registry, store, device } = await withRegistry({ registry: false });
    await device();
    expect(await failure(() => registry.list('ada'))).toMatchObject({
      code: 'session_no_registry',
      message: expect.stringContaining('registry: true'),
    });
    expect(store.records).toHaveLength(1);
  });

  it('P5 costs a request that logs nobody in nothing', async () => {
    const { device, knows, store } = await withRegistry();
    const client = await device();
    store.calls.length = 0;
    await knows(client);
    expect(store.calls).toEqual(['read']);
  });

  it('P10 says 503 while the store is down, and works when it is back', async () => {
    const { device, registry, store } = await withRegistry();
    await device();
    store.fail('read');
    expect(await failure(() => registry.count('ada'))).toMatchObject({ code: 'session_unavailable' });
    store.heal();
    expect(await registry.count('ada')).toBe(1);
  });
});

describe('maxSessions', () => {
  it('P1 ends the oldest session for a new one', async () => {
    const { device, knows, registry } = await withRegistry({ registry: undefined as never, maxSessions: 2 });
    const [one, two, three] = [await device(), await device(), await device()];
    expect(await Promise.all([one, two, three].map(knows))).toEqual(['nobody', 'ada', 'ada']);
    expect(await registry.count('ada')).toBe(2);
  });

  it('P9 with refuse logs nobody in beyond it, and leaves the session that asked as it was', async () => {
    const { device, client, knows } = await withRegistry({ maxSessions: 1, onLimit: 'refuse' });
    const one = await device();
    const stranger = client();
    const { status, text } = await stranger.read('/login');
    expect([status, JSON.parse(text)]).toMatchObject([409, { code: 'session_limit' }]);
    expect([await knows(one), await knows(stranger)]).toEqual(['ada', 'nobody']);
    const eve = await device('eve');
    expect((await eve.read('/login?as=ada')).status).toBe(409);
    expect(await knows(eve)).toBe('eve');
    await one.read('/logout');
    expect((await stranger.read('/login')).status).toBe(200);
  });

  it('counts a login from within a session of the same user once', async () => {
    const { device, knows, registry } = await withRegistry({ maxSessions: 2, onLimit: 'refuse' });
    const [one, two] = [await device(), await device()];
    for (let n = 0; n < 3; n++) {
      expect((await one.read('/login')).status).toBe(200);
    }
    expect([await knows(one), await knows(two), await registry.count('ada')]).toEqual(['ada', 'ada', 2]);
  });

  it('may be a function of the user', async () => {
    const { device, registry } = await withRegistry({
      maxSessions: (principal) => (principal === 'ada' ? 1 : 3),
    });
    for (let n = 0; n < 4; n++) {
      await device('ada');
      await device('eve');
    }
    expect([await registry.count('ada'), await registry.count('eve')]).toEqual([1, 3]);
  });

  it('P9 logs nobody in when the store fails at any step of it, and the session before is as it was', async () => {
    for (let step = 1; step <= 6; step++) {
      const { device, knows, store } = await withRegistry({ maxSessions: 3 });
      const client = await device();
      let calls = 0;
      const behind = store.inner.replace.bind(store.inner);
      const create = store.inner.create.bind(store.inner);
      const guard =
        <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
        (...args: A) =>
          ++calls === step ? Promise.reject(new Error('down')) : work(...args);
      store.inner.replace = guard(behind);
      store.inner.create = guard(create);
      const { status } = await client.read('/login?as=ada');
      Object.assign(store.inner, { replace: behind, create });
      if (calls < step) {
        expect([step > 3, status]).toEqual([true, 200]);
        break;
      }
      // Striking the old one off is behind the response and fails for nobody.
      expect(status === 503 || status === 200).toBe(true);
      expect(await knows(client)).toBe('ada');
    }
  });

  it.each([
    [{ maxSessions: 0 }, /"maxSessions"/],
    [{ maxSessions: 1.5 }, /"maxSessions"/],
    [{ onLimit: 'refuse' as const }, /"onLimit".*nothing without maxSessions/],
    [{ maxSessions: 3, onLimit: 'none' as never }, /"onLimit"/],
    [{ maxSessions: 3, registry: false }, /"registry".*maxSessions needs it/],
    [{ registry: { agent: true } as never }, /agent/],
    [{ registry: { label: 'x' as never } }, /"registry.label"/],
    [{ registry: true, store: new session.MemoryStore() }, /"registry".*express-session/],
    [{ maxSessions: 3, store: new SealedCookieStore() }, /"registry".*needs a store/],
  ])('P11 %j does not start', async (options, message) => {
    const sessionModule = SessionModule.forRoot({ secret: SECRET, ...options });
    expect(String(await failure(() => nestApp({ sessionModule })))).toMatch(message);
  });
});
