import type { SessionEvent } from 'nest-sessions';
import { passportPrincipal } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import session from 'express-session';
import { beforeEach, describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { NOBODY, passportApp, type PassportUser, users } from '../support/passport-app.js';
import { tokenOf } from '../support/tokens.js';

const ADA = { passport: 'ada', principal: 'ada-id' };
const EVE = { passport: 'eve', principal: 'eve-id' };

const person = (name: string, leaves: unknown = `${name}-id`): [string, PassportUser] => [
  name,
  { name, leaves },
];

beforeEach(() => {
  users.clear();
  new Map([person('ada'), person('eve')]).forEach((user, name) => users.set(name, user));
});

/** What happened, without the names that are drawn. */
const told = (events: readonly SessionEvent[]) =>
  events.map((event) =>
    [event.type, 'reason' in event ? event.reason : undefined, event.principal].filter(Boolean).join(' '),
  );

describe('a login by Passport', () => {
  it.each(['/guard-login', '/own-login', '/own-login?keep'])(
    'P9 by %s gives a new token, and the session is theirs in the list',
    async (path) => {
      const { client, post, who, listed, store, events } = await passportApp();
      const browser = client();
      await browser.read('/fill');
      const planted = browser.cookies.get('sid');
      expect((await post(browser, path, 'ada')).status).toBe(201);
      expect(await who(browser)).toEqual(ADA);
      expect(await listed('ada-id')).toHaveLength(1);
      expect(told(events)).toEqual(['started', 'ended replaced', 'started ada-id', 'login ada-id']);
      // Whoever planted the token before the login has nothing of it.
      const thief = client();
      thief.cookies.set('sid', planted ?? '');
      expect(await who(thief)).toEqual(NOBODY);
      expect(store.records.filter(({ principal }) => principal === 'ada-id')).toHaveLength(1);
    },
  );

  it('is seen by AuthGuard and @Principal()', async () => {
    const { device, client } = await passportApp();
    const browser = await device();
    expect(JSON.parse((await browser.read('/inside')).text)).toEqual({ principal: 'ada-id', passport: true });
    expect((await client().read('/inside')).status).toBe(401);
  });

  it('keeps the fields before it with keepSessionInfo, and else none', async () => {
    const { client, post, cart } = await passportApp();
    const [one, two] = [client(), client()];
    await Promise.all([one, two].map((browser) => browser.read('/fill')));
    await post(one, '/own-login?keep', 'ada');
    await post(two, '/own-login', 'ada');
    expect([await cart(one), await cart(two)]).toEqual([['tea'], []]);
  });

  it('P9 with keepSessionInfo over somebody else ends their session', async () => {
    const { device, post, who, registry } = await passportApp();
    const browser = await device('ada');
    const before = tokenOf(browser);
    await post(browser, '/own-login?keep', 'eve');
    expect(tokenOf(browser)).not.toBe(before);
    expect(await who(browser)).toEqual(EVE);
    expect([await registry.count('ada-id'), await registry.count('eve-id')]).toEqual([0, 1]);
  });

  it('notes the device as any login does', async () => {
    const { device, listed } = await passportApp({
      registry: { userAgent: true, label: ({ headers }) => headers['x-label']?.toString() },
    });
    await device('ada', '/guard-login', { 'user-agent': 'Mosaic', 'x-label': 'kitchen' });
    expect((await listed('ada-id'))[0]?.device).toEqual({ userAgent: 'Mosaic', label: 'kitchen' });
  });

  it('is not one with a wrong password', async () => {
    const { client, store } = await passportApp();
    const browser = client();
    const body = new URLSearchParams({ username: 'ada', password: 'guess' });
    expect((await browser.read('/guard-login', { method: 'POST', body })).status).toBe(401);
    expect([browser.cookies.size, store.records]).toEqual([0, []]);
  });

  it('P9 logs nobody in where the store fails at any step, and not with the response that says so either', async () => {
    const statuses: number[] = [];
    for (let step = 1; step < 20; step++) {
      const { client, post, who, registry, store } = await passportApp({ maxSessions: 3 });
      const browser = client();
      await browser.read('/fill');
      let calls = 0;
      const { inner } = store;
      const real = { create: inner.create, replace: inner.replace, remove: inner.remove };
      const failing =
        <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
        (...args: A): Promise<R> =>
          ++calls === step ? Promise.reject(new Error('down')) : work.apply(inner, args);
      inner.create = failing(real.create);
      inner.replace = failing(real.replace);
      inner.remove = failing(real.remove);
      const { status } = await post(browser, '/guard-login', 'ada');
      Object.assign(inner, real);
      statuses.push(status);
      if (status === 201) {
        expect(await who(browser)).toEqual(ADA);
        break;
      }
      expect([step, status, await who(browser), await registry.count('ada-id')]).toEqual([
        step,
        503,
        NOBODY,
        0,
      ]);
    }
    expect(statuses.length).toBeGreaterThan(3);
    expect(statuses.at(-1)).toBe(201);
  });

  it('P9 that failed does not happen with the answer of a handler that catches the error', async () => {
    const { device, client, who, registry, post, store } = await passportApp(
      { maxSessions: 1, onLimit: 'refuse' },
      {
        try: ({ req, sessions }) =>
          new Promise((resolve) => {
            req.login(users.get('ada') ?? {}, (error: unknown) => {
              sessions.set('theme', 'dark');
              resolve(error instanceof Error ? error.name : 'logged in');
            });
          }),
      },
    );
    await device('ada');
    const browser = client();
    expect(await browser.read('/try')).toEqual({ status: 200, text: 'SessionLimitException' });
    expect(await who(browser)).toEqual(NOBODY);
    expect(await registry.count('ada-id')).toBe(1);
    expect(store.stored).toContainEqual({ theme: 'dark' });
    expect(await post(browser, '/guard-login', 'ada')).toMatchObject({
      status: 409,
      text: expect.stringContaining('session_limit'),
    });
  });
});

describe('maxSessions and Passport', () => {
  it('P1 ends the oldest session for a new one', async () => {
    const { device, who } = await passportApp({ maxSessions: 2 });
    const [one, two, three] = [await device(), await device(), await device()];
    expect(await Promise.all([one, two, three].map(who))).toEqual([NOBODY, ADA, ADA]);
  });

  it('counts logins from the same browser once', async () => {
    const { device, post, who } = await passportApp({ maxSessions: 2, onLimit: 'refuse' });
    const [one, two] = [await device(), await device()];
    for (const path of ['/guard-login', '/own-login', '/own-login?keep']) {
      expect((await post(one, path, 'ada')).status).toBe(201);
    }
    expect(await Promise.all([one, two].map(who))).toEqual([ADA, ADA]);
  });

  it('is exact when many log in at once', async () => {
    const { client, post, who, registry } = await passportApp({ maxSessions: 3, onLimit: 'refuse' });
    const browsers = Array.from({ length: 12 }, () => client());
    const answers = await Promise.all(browsers.map((browser) => post(browser, '/guard-login', 'ada')));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(9);
    const known = await Promise.all(browsers.map(who));
    expect(known.filter(({ principal }) => principal === 'ada-id')).toHaveLength(3);
    expect(await registry.count('ada-id')).toBe(3);
  });
});

describe('a session of Passport', () => {
  it('P1 that was revoked elsewhere is anonymous for Passport too', async () => {
    const { device, who, registry, listed } = await passportApp();
    const [here, there] = [await device(), await device()];
    const [first] = await listed('ada-id');
    expect(await registry.revoke('ada-id', first?.handle ?? '')).toBe(true);
    expect([await who(here), await who(there)]).toEqual([NOBODY, ADA]);
    expect((await here.read('/inside')).status).toBe(401);
  });

  it('P1 that is revoked while its request runs is not brought back by it', async () => {
    const [reached, go] = [deferred('the handler'), deferred('the revocation')];
    const { device, who, registry } = await passportApp(
      {},
      {
        slow: async ({ req, sessions }) => {
          reached.resolve();
          await go.promise;
          sessions.set('cart', ['tea']);
          return String(req.isAuthenticated());
        },
      },
    );
    const browser = await device();
    const slow = browser.read('/slow');
    await reached.promise;
    expect(await registry.revokeAll('ada-id')).toBe(1);
    go.resolve();
    expect((await slow).status).toBe(200);
    expect([await who(browser), await registry.count('ada-id')]).toEqual([NOBODY, 0]);
  });

  it('P2 keeps what parallel requests change, and its token', async () => {
    const { device, who, cart, store, listed } = await passportApp(
      {},
      { theme: ({ sessions }) => sessions.set('theme', 'dark') },
    );
    const browser = await device();
    const before = tokenOf(browser);
    await Promise.all(['/fill', '/theme', '/who', '/who'].map((path) => browser.read(path)));
    expect(tokenOf(browser)).toBe(before);
    expect([await who(browser), await cart(browser)]).toEqual([ADA, ['tea']]);
    expect(store.stored).toContainEqual({ passport: { user: 'ada-id' }, cart: ['tea'], theme: 'dark' });
    expect(await listed('ada-id')).toHaveLength(1);
  });

  it.each([
    ['/logout', []],
    ['/logout?keep', ['tea']],
  ])('P1 ends with %s, for the list as well', async (path, left) => {
    const { device, who, cart, registry, events, client, store } = await passportApp();
    const browser = await device();
    await browser.read('/fill');
    const stolen = client();
    stolen.cookies.set('sid', browser.cookies.get('sid') ?? '');
    events.length = 0;
    expect((await browser.read(path)).status).toBe(200);
    expect(told(events)[0]).toBe('ended logout ada-id');
    expect(told(events).slice(1)).toEqual(left.length === 0 ? [] : ['started']);
    expect([await who(browser), await who(stolen), await cart(browser)]).toEqual([NOBODY, NOBODY, left]);
    expect(await registry.count('ada-id')).toBe(0);
    expect(browser.cookies.size).toBe(left.length);
    expect(store.records.filter(({ principal }) => principal !== undefined)).toEqual([]);
  });

  it('P4 is said not to have ended when the store fails at the logout, and nobody is in it from the next request on', async () => {
    const { device, who, store, registry } = await passportApp();
    const browser = await device();
    store.fail('remove');
    expect((await browser.read('/logout')).status).toBe(503);
    store.heal();
    expect(await who(browser)).toEqual(ADA);
    expect((await browser.read('/logout')).status).toBe(200);
    expect([await who(browser), await registry.count('ada-id')]).toEqual([NOBODY, 0]);
  });

  it('ends when its user is not there any more', async () => {
    const { device, who, cart, registry, events } = await passportApp();
    const browser = await device();
    await browser.read('/fill');
    users.delete('ada');
    expect((await browser.read('/inside')).status).toBe(401);
    expect([await who(browser), await cart(browser), await registry.count('ada-id')]).toEqual([
      NOBODY,
      ['tea'],
      0,
    ]);
    expect(told(events)).toContain('ended logout ada-id');
  });

  it('lives on beside login() of the service, which has the last word', async () => {
    const { client, who, registry, post } = await passportApp(
      {},
      { own: ({ sessions }) => sessions.login('root') },
    );
    const browser = client();
    await browser.read('/own');
    expect(await who(browser)).toEqual({ passport: null, principal: 'root' });
    await post(browser, '/guard-login', 'ada');
    expect(await who(browser)).toEqual(ADA);
    await browser.read('/own');
    expect(await who(browser)).toEqual({ passport: null, principal: 'root' });
    expect([await registry.count('ada-id'), await registry.count('root')]).toEqual([0, 1]);
  });
});

describe('what serializeUser() leaves', () => {
  it.each([
    [7, '7'],
    [0, '0'],
    ['user-7', 'user-7'],
    [{ toJSON: () => '65f0c0ffee' }, '65f0c0ffee'],
  ])('%j is the principal %j', async (leaves, principal) => {
    users.set('ada', { name: 'ada', leaves });
    const { device, who, registry } = await passportApp();
    const browser = await device();
    expect(await who(browser)).toEqual({ passport: 'ada', principal });
    expect(await registry.count(principal)).toBe(1);
  });

  it('may be an object, with a function that tells', async () => {
    users.set('ada', { name: 'ada', leaves: { id: 7, role: 'admin' } });
    const principal = passportPrincipal(({ id }: { id: number }) => id);
    const { device, who, registry } = await passportApp({ auth: { principal } });
    expect(await who(await device())).toEqual({ passport: 'ada', principal: '7' });
    expect(await registry.count('7')).toBe(1);
  });

  it('is an error at the login when it is an object without one, and nobody is logged in', async () => {
    users.set('ada', { name: 'ada', leaves: { id: 7, secret: 'hush' } });
    const { client, post, who, log, store } = await passportApp();
    const browser = client();
    expect(await post(browser, '/guard-login', 'ada')).toMatchObject({
      status: 500,
      text: expect.stringContaining('session_invalid_principal'),
    });
    const said = log.errors.map(({ message, error }) => `${message} ${String(error)}`).join('\n');
    expect(said).toMatch(/is an object, which is no id.*passportPrincipal\(\(user\) => user\.id\)/s);
    expect(said).not.toContain('hush');
    expect(await who(browser)).toEqual(NOBODY);
    expect(store.records).toEqual([]);
  });
});

describe('set-ups of Passport', () => {
  it("need load: 'eager', and say so", async () => {
    const { client, device, log } = await passportApp({ load: 'lazy' });
    // Who brings no cookie has nothing to load.
    expect((await client().read('/cart')).status).toBe(200);
    const browser = await device();
    expect((await browser.read('/cart')).status).toBe(500);
    const said = log.errors.map(({ message, error }) => `${message} ${String(error)}`).join('\n');
    expect(said).toMatch(/passport\.session\(\), needs load: 'eager'/);
  });

  it('go without a list of sessions', async () => {
    const { device, who } = await passportApp({ registry: false });
    const browser = await device();
    expect(await who(browser)).toEqual(ADA);
    await browser.read('/logout');
    expect(await who(browser)).toEqual(NOBODY);
  });

  it.each([
    ['a store for express-session', () => new session.MemoryStore()],
    ['the sealed cookie', () => new SealedCookieStore()],
  ])('go with %s', async (_kind, store) => {
    const { device, who, cart, post } = await passportApp({ registry: false, store: store() });
    const browser = await device();
    await browser.read('/fill');
    expect([await who(browser), await cart(browser)]).toEqual([ADA, ['tea']]);
    expect((await browser.read('/inside')).status).toBe(200);
    await post(browser, '/own-login?keep', 'eve');
    expect([await who(browser), await cart(browser)]).toEqual([EVE, ['tea']]);
    users.delete('eve');
    expect([await who(browser), await cart(browser)]).toEqual([NOBODY, ['tea']]);
    await browser.read('/logout');
    expect(await who(browser)).toEqual(NOBODY);
  });
});
