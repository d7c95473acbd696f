import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { olderApp, told } from '../support/older-app.js';
import { tokenOf } from '../support/tokens.js';

// Older code keeps who is logged in among the fields, and puts them there and takes them away without regenerate().

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
