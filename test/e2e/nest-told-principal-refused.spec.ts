import { describe, expect, it } from 'vitest';
import type { CookieClient } from '../support/http-server.js';
import { olderApp } from '../support/older-app.js';
import { tokenOf } from '../support/tokens.js';

// Older code keeps who is logged in among the fields, and puts them there and takes them away without regenerate().

describe('somebody who is put into a session that exists, and may not be', () => {
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
});
