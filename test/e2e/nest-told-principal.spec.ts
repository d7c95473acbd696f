import { Controller, Get, UseGuards } from '@nestjs/common';
import { AuthGuard, Principal, type SessionEvent, type SessionOptions, SessionRegistry } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import type { CookieClient } from '../support/http-server.js';
import { nestApp, type Script } from '../support/nest-app.js';
import { tokenOf } from '../support/tokens.js';

// Older code keeps who is logged in among the fields, and puts them there and takes them away without regenerate().

@Controller()
class Inside {
  @Get('inside')
  @UseGuards(AuthGuard)
  inside(@Principal() principal: string): string {
    return principal;
  }
}

const SCRIPTS: Readonly<Record<string, Script>> = {
  login: ({ req }) => void (req.session.user = String(req.query['as'] ?? 'ada')),
  logout: ({ req }) => void delete req.session.user,
  fill: ({ req }) => void (req.session.cart = ['tea']),
  cart: ({ req }) => req.session.cart ?? [],
  who: ({ sessions }) => sessions.principal ?? 'nobody',
};

async function olderApp(
  options: Partial<SessionOptions> = {},
  scripts: Readonly<Record<string, Script>> = {},
) {
  const events: SessionEvent[] = [];
  const app = await nestApp({
    options: {
      registry: { userAgent: true },
      auth: { principal: ({ user }) => (typeof user === 'string' ? user : undefined) },
      onEvent: (event) => events.push(event),
      ...options,
    },
    controllers: [Inside],
    scripts: { ...SCRIPTS, ...scripts },
  });
  const who = async (client: CookieClient) => (await client.read('/who')).text;
  const cart = async (client: CookieClient): Promise<unknown> =>
    JSON.parse((await client.read('/cart')).text);
  /** A browser with something in its cart. */
  async function visitor() {
    const client = app.client();
    expect((await client.read('/fill')).status).toBe(200);
    return client;
  }
  async function device(as = 'ada') {
    const client = await visitor();
    expect((await client.read(`/login?as=${as}`)).status).toBe(200);
    return client;
  }
  /** Another client with the cookies that this one has now. */
  function copyOf({ cookies }: CookieClient) {
    const copy = app.client();
    cookies.forEach((value, name) => copy.cookies.set(name, value));
    return copy;
  }
  return { ...app, registry: app.app.get(SessionRegistry), events, who, cart, visitor, device, copyOf };
}

const told = (events: readonly SessionEvent[]) =>
  events.map((event) =>
    [event.type, 'reason' in event ? event.reason : undefined, event.principal].filter(Boolean).join(' '),
  );

describe('somebody who is put into a session that exists', () => {
  it('P9 gives it another token, its fields and a place in the list', async () => {
    const { visitor, copyOf, who, cart, registry, events } = await olderApp();
    const browser = await visitor();
    const planted = copyOf(browser);
    await browser.read('/login', { headers: { 'user-agent': 'Mosaic' } });
    expect(tokenOf(browser)).not.toBe(tokenOf(planted));
    expect([await who(browser), await who(planted)]).toEqual(['ada', 'nobody']);
    expect([await cart(browser), await cart(planted)]).toEqual([['tea'], []]);
    expect(await browser.read('/inside')).toEqual({ status: 200, text: 'ada' });
    expect(await registry.list('ada')).toEqual([
      expect.objectContaining({ device: { userAgent: 'Mosaic' } }),
    ]);
    expect(told(events)).toEqual(['started', 'ended replaced', 'started ada', 'login ada']);
  });

  it('P9 has it with save() as well, and goes on with the same object', async () => {
    const { visitor, copyOf, who, store, registry } = await olderApp(
      {},
      {
        own: async ({ req }) => {
          const { session } = req;
          session.user = 'ada';
          await new Promise<void>((resolve, reject) => {
            session.save((error: unknown) => (error ? reject(error) : resolve()));
          });
          const count = await registry.count('ada');
          session.theme = 'dark';
          return `${count} ${session === req.session}`;
        },
      },
    );
    const browser = await visitor();
    const planted = copyOf(browser);
    expect((await browser.read('/own')).text).toBe('1 true');
    expect([await who(browser), await who(planted)]).toEqual(['ada', 'nobody']);
    expect(store.stored).toContainEqual({ cart: ['tea'], user: 'ada', theme: 'dark' });
  });

  it('P9 in the place of somebody else ends their session', async () => {
    const { device, copyOf, who, registry, cart } = await olderApp();
    const browser = await device('ada');
    const before = copyOf(browser);
    await browser.read('/login?as=eve');
    expect([await who(browser), await who(before), await cart(browser)]).toEqual(['eve', 'nobody', ['tea']]);
    expect([await registry.count('ada'), await registry.count('eve')]).toEqual([0, 1]);
  });

  it('keeps its token when it is the same one again', async () => {
    const { device, registry } = await olderApp();
    const browser = await device();
    const before = tokenOf(browser);
    await browser.read('/login');
    expect([tokenOf(browser), await registry.count('ada')]).toEqual([before, 1]);
  });

  it('keeps the cookie that the session chose', async () => {
    const { client, who } = await olderApp(
      {},
      { long: ({ req }) => void (req.session.cookie.maxAge = 86_400_000) },
    );
    const browser = client();
    await browser.read('/fill');
    await browser.read('/long');
    const response = await browser.fetch('/login');
    expect(response.headers.getSetCookie().join()).toMatch(/sid=.*Expires=/i);
    expect(await who(browser)).toBe('ada');
  });

  it('P2 keeps what another request stored meanwhile', async () => {
    const { visitor, who, store } = await olderApp(
      {},
      { theme: ({ req }) => void (req.session.theme = 'dark') },
    );
    const browser = await visitor();
    const create = store.holdNext('create');
    const login = browser.read('/login');
    await create.reached;
    expect((await browser.read('/theme')).status).toBe(200);
    create.release();
    expect((await login).status).toBe(200);
    expect(await who(browser)).toBe('ada');
    expect(store.stored).toContainEqual({ cart: ['tea'], user: 'ada', theme: 'dark' });
  });

  it('P9 is refused beyond maxSessions, and the session is as it was', async () => {
    const { device, visitor, who, cart, registry } = await olderApp({ maxSessions: 1, onLimit: 'refuse' });
    const one = await device();
    const browser = await visitor();
    const before = tokenOf(browser);
    expect(await browser.read('/login')).toMatchObject({
      status: 409,
      text: expect.stringContaining('session_limit'),
    });
    expect([await who(browser), await cart(browser), tokenOf(browser)]).toEqual(['nobody', ['tea'], before]);
    expect([await who(one), await registry.count('ada')]).toEqual(['ada', 1]);
  });

  it('P9 whom a failed save() refused is not logged in by the answer that says so', async () => {
    const { device, visitor, who, cart } = await olderApp(
      { maxSessions: 1, onLimit: 'refuse' },
      {
        try: ({ req }) => {
          req.session.user = 'ada';
          return new Promise((resolve) => req.session.save((error?: Error) => resolve(error?.name ?? 'in')));
        },
      },
    );
    await device();
    const browser = await visitor();
    expect((await browser.read('/try')).text).toBe('SessionLimitException');
    expect([await who(browser), await cart(browser)]).toEqual(['nobody', ['tea']]);
  });

  it('P9 logs nobody in where the store fails at any step', async () => {
    const statuses: number[] = [];
    for (let step = 1; step < 20; step++) {
      const { visitor, who, registry, store } = await olderApp();
      const browser = await visitor();
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
      const { status } = await browser.read('/login');
      Object.assign(inner, real);
      statuses.push(status);
      if (status === 200) break;
      expect([step, status, await who(browser), await registry.count('ada')]).toEqual([
        step,
        503,
        'nobody',
        0,
      ]);
    }
    expect(statuses.length).toBeGreaterThan(3);
    expect(statuses.at(-1)).toBe(200);
  });

  it('P1 does not bring back a session that was revoked meanwhile', async () => {
    const { device, who, registry, store } = await olderApp();
    const browser = await device('ada');
    const create = store.holdNext('create');
    const change = browser.read('/login?as=eve');
    await create.reached;
    expect(await registry.revokeAll('ada')).toBe(1);
    create.release();
    expect(await change).toMatchObject({ status: 409, text: expect.stringContaining('session_gone') });
    expect([await who(browser), await registry.count('eve')]).toEqual(['nobody', 0]);
  });

  it('P1 whose sessions are all revoked while they log in is out', async () => {
    const { visitor, device, who, registry, store } = await olderApp();
    await device(); // so that the next record that is made is that of the session, not that of the list
    const browser = await visitor();
    const create = store.holdAnswer('create');
    const login = browser.read('/login');
    await create.reached;
    await registry.revokeAll('ada');
    create.release();
    expect(await login).toMatchObject({ status: 409, text: expect.stringContaining('session_revoked') });
    expect([await who(browser), await registry.count('ada')]).toEqual(['nobody', 0]);
  });

  it('cannot log in once the response has begun: the log says so', async () => {
    const { visitor, who, registry, log } = await olderApp(
      {},
      {
        late: ({ req, res }) => {
          res.write('begun');
          req.session.user = 'ada';
          res.end();
        },
      },
    );
    const browser = await visitor();
    await browser.read('/late').catch(() => undefined);
    expect([await who(browser), await registry.count('ada')]).toEqual(['nobody', 0]);
    expect(log.errors.map(({ error }) => String(error)).join()).toMatch(/cookie can no longer be set/);
  });

  it('cannot log in by update() or patch(), which keep the token', async () => {
    const { visitor, device, who, registry } = await olderApp(
      {},
      { update: ({ sessions }) => sessions.update((draft) => void (draft.user = 'eve')) },
    );
    const [stranger, ada] = [await visitor(), await device()];
    for (const browser of [stranger, ada]) {
      expect(await browser.read('/update')).toMatchObject({
        status: 500,
        text: expect.stringContaining('session_invalid_principal'),
      });
    }
    const [session] = await registry.list('ada');
    await expect(
      registry.patch('ada', session?.handle ?? '', (draft) => void (draft.user = 'eve')),
    ).rejects.toThrow(/another token/);
    expect([await who(stranger), await who(ada)]).toEqual(['nobody', 'ada']);
  });

  it('P9 cannot log in, switch or log out by req.sessionStore.set(), which keeps the token', async () => {
    const { visitor, device, who, cart, registry } = await olderApp(
      {},
      {
        set: ({ req }) => {
          const { as, cart: wanted } = req.query;
          const data = { cart: [String(wanted)], ...(as === undefined ? {} : { user: String(as) }) };
          return new Promise((resolve) => {
            req.sessionStore.set(req.sessionID, data as never, (error?: Error) =>
              resolve(error === null ? 'set' : error?.message),
            );
          });
        },
      },
    );
    const [stranger, ada] = [await visitor(), await device()];
    const set = async (browser: CookieClient, query: string) => (await browser.read(`/set?${query}`)).text;
    expect(await set(stranger, 'cart=rum&as=eve')).toMatch(/sessionStore\.set\(\) would change who/);
    expect(await set(ada, 'cart=rum&as=eve')).toMatch(/another token/);
    expect(await set(ada, 'cart=rum')).toMatch(/another token/);
    expect([await who(stranger), await who(ada), await cart(ada)]).toEqual(['nobody', 'ada', ['tea']]);
    expect([await set(ada, 'cart=milk&as=ada'), await set(stranger, 'cart=rice')]).toEqual(['set', 'set']);
    expect([await cart(ada), await cart(stranger)]).toEqual([['milk'], ['rice']]);
    expect([await registry.count('ada'), await registry.count('eve')]).toEqual([1, 0]);
  });

  it('may begin a new session by update()', async () => {
    const { client, who, registry } = await olderApp(
      {},
      { update: ({ sessions }) => sessions.update((draft) => void (draft.user = 'eve')) },
    );
    const browser = client();
    expect((await browser.read('/update')).status).toBe(200);
    expect([await who(browser), await registry.count('eve')]).toEqual(['eve', 1]);
  });
});

describe('somebody who is taken out of their session', () => {
  it('P1 ends it; the other fields are those of a new one', async () => {
    const { device, copyOf, who, cart, registry, events } = await olderApp();
    const browser = await device();
    const before = copyOf(browser);
    events.length = 0;
    await browser.read('/logout');
    expect(tokenOf(browser)).not.toBe(tokenOf(before));
    expect([await who(browser), await who(before)]).toEqual(['nobody', 'nobody']);
    expect([await cart(browser), await cart(before)]).toEqual([['tea'], []]);
    expect((await before.read('/inside')).status).toBe(401);
    expect(await registry.count('ada')).toBe(0);
    expect(told(events)).toEqual(['ended logout ada', 'started']);
  });

  it('P1 leaves nothing where there is nothing else in it', async () => {
    const { client, registry, store } = await olderApp();
    const browser = client();
    await browser.read('/login');
    await browser.read('/logout');
    expect([browser.cookies.size, await registry.count('ada')]).toEqual([0, 0]);
    expect(store.records.filter(({ principal }) => principal === 'ada')).toEqual([]);
  });

  it('P1 ends it once the response has begun, too', async () => {
    const { device, who, cart, registry, log } = await olderApp(
      {},
      {
        late: ({ req, res }) => {
          res.write('begun');
          delete req.session.user;
          res.end();
        },
      },
    );
    const browser = await device();
    expect((await browser.read('/late')).text).toBe('begun');
    expect(log.errors).toEqual([]);
    expect([await who(browser), await cart(browser), await registry.count('ada')]).toEqual(['nobody', [], 0]);
  });

  it.each([false, true])(
    'keeps the rest after a save(), with saveUninitialized: %j',
    async (saveUninitialized) => {
      const { device, who, cart } = await olderApp(
        { saveUninitialized },
        {
          out: ({ req }) => {
            delete req.session.user;
            return new Promise((resolve) => req.session.save(() => resolve('out')));
          },
        },
      );
      const browser = await device();
      expect((await browser.read('/out')).text).toBe('out');
      expect([await who(browser), await cart(browser)]).toEqual(['nobody', ['tea']]);
    },
  );

  it('P1 is out, though a request that was running stores something later', async () => {
    const [reached, go] = [deferred('the handler'), deferred('the logout')];
    const { device, who, registry, events } = await olderApp(
      {},
      {
        slow: async ({ req }) => {
          req.session.theme = 'dark';
          reached.resolve();
          await go.promise;
        },
      },
    );
    const browser = await device();
    const slow = browser.read('/slow');
    await reached.promise;
    await browser.read('/logout');
    go.resolve();
    await slow;
    expect([await who(browser), await registry.count('ada')]).toEqual(['nobody', 0]);
    expect(told(events)).toContain('lost-write ada');
  });
});

describe('sessions from before the option was set', () => {
  it('are known to the guard, keep their token, and are listed from the next login on', async () => {
    const before = await nestApp({ options: { registry: true }, scripts: SCRIPTS });
    const { client, who, registry } = await olderApp(
      { store: before.store },
      { theme: ({ req }) => void (req.session.theme = 'dark') },
    );
    const browser = before.client();
    await browser.read('/fill');
    await browser.read('/login');
    const moved = client();
    browser.cookies.forEach((value, name) => moved.cookies.set(name, value));
    const token = tokenOf(moved);
    expect(await moved.read('/inside')).toEqual({ status: 200, text: 'ada' });
    await moved.read('/theme');
    expect([tokenOf(moved), await who(moved), await registry.count('ada')]).toEqual([token, 'ada', 0]);
    await moved.read('/logout');
    await moved.read('/login');
    expect([await who(moved), await registry.count('ada')]).toEqual(['ada', 1]);
  });

  it('of login() go by that alone, whatever is in the fields', async () => {
    const { client, who, registry } = await olderApp({}, { own: ({ sessions }) => sessions.login('root') });
    const browser = client();
    await browser.read('/own');
    await browser.read('/login?as=eve');
    expect([await who(browser), await registry.count('eve')]).toEqual(['root', 0]);
    await browser.read('/logout');
    expect(await who(browser)).toBe('root');
  });
});
