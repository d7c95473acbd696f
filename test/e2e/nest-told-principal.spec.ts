import { describe, expect, it } from 'vitest';
import { nestApp } from '../support/nest-app.js';
import { olderApp, SCRIPTS, told } from '../support/older-app.js';
import { tokenOf } from '../support/tokens.js';

// Older code keeps who is logged in among the fields, and puts them there and takes them away without regenerate().

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
