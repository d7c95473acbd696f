import session from 'express-session';
import { SessionModule } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { describe, expect, it } from 'vitest';
import { nestApp, SECRET } from '../support/nest-app.js';
import { withRegistry } from '../support/registry-app.js';
import { failure } from '../support/run-scripts.js';
import { idOf, tokenOf } from '../support/tokens.js';

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

  it('says so where it is not kept who is logged in where', async () => {
    const { registry, store, device } = await withRegistry({ registry: false });
    const client = await device();
    const calls = [
      () => registry.list('ada'),
      () => registry.count('ada'),
      () => registry.revoke('ada', 'x'),
      () => registry.revokeOthers(),
      () => registry.revokeAll('ada'),
      () => registry.get('ada', 'x'),
      () => registry.patch('ada', 'x', () => undefined),
    ];
    for (const call of calls) {
      expect(await failure(call)).toMatchObject({
        code: 'session_no_registry',
        message: expect.stringContaining('registry: true'),
      });
    }
    const { status, text } = await client.read('/others');
    expect([status, JSON.parse(text)]).toMatchObject([500, { code: 'session_no_registry' }]);
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

  it('P4 does not say which session is the current one, nor end the others, when that cannot be read', async () => {
    const { device, store, knows } = await withRegistry();
    const [here, there] = [await device(), await device()];
    for (const path of ['/list', '/others']) {
      store.failNext('read');
      const { status, text } = await here.read(path);
      expect([status, JSON.parse(text)]).toMatchObject([503, { code: 'session_unavailable' }]);
    }
    expect([await knows(here), await knows(there)]).toEqual(['ada', 'ada']);
    // Ending everything does not have to know.
    store.failNext('read');
    expect((await here.read('/all')).text).toBe('2');
    expect([await knows(here), await knows(there)]).toEqual(['nobody', 'nobody']);
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

  it.each(['evict-oldest', 'refuse'] as const)(
    'with %s does not count sessions that have expired, wherever they stand',
    async (onLimit) => {
      const { device, knows, registry, clock, listed } = await withRegistry({
        maxSessions: 12,
        onLimit,
        idleTimeout: '30m',
      });
      const devices = [];
      for (let n = 0; n < 12; n++) devices.push(await device());
      clock.advance(20 * 60_000);
      const [idle = devices[0]] = devices.splice(10, 1);
      for (const one of devices) await knows(one);
      clock.advance(20 * 60_000);
      const last = await device();
      expect(await Promise.all([...devices, last].map(knows))).toEqual(
        Array.from({ length: 12 }, () => 'ada'),
      );
      expect([idle && (await knows(idle)), await registry.count('ada')]).toEqual(['nobody', 12]);
      expect((await listed(last)).at(-1)).toMatchObject({ isCurrent: true });
    },
  );

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

  it.each<[string, () => number]>([
    ['fails', () => Math.sqrt(Symbol.iterator as never)],
    ['answers none', () => 0],
    ['answers a promise', () => Promise.resolve(3) as never],
  ])('P9 logs nobody in when its function %s, and the session before is as it was', async (_name, limit) => {
    let maxSessions = () => 3;
    const { device, knows, registry } = await withRegistry({ maxSessions: () => maxSessions() });
    const client = await device();
    maxSessions = limit;
    expect((await client.read('/login?as=ada')).status).toBe(500);
    expect([await knows(client), await registry.count('ada')]).toEqual(['ada', 1]);
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
