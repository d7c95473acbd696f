import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import { expressApp } from '../support/session-app.js';

const MINUTE = 60_000;

describe('P1 the cookie of a session that ended while a request was running', () => {
  it.each([
    ['rolling', { rolling: true }, 0],
    ['cookie.maxAge, with a touch due', { cookie: { maxAge: 30 * MINUTE } }, 10 * MINUTE],
  ])(
    'does not go out again: the browser may hold that of a newer login (%s)',
    async (_how, options, wait) => {
      const clock = fakeClock(Date.now());
      const { store, knownClient } = await expressApp(
        {
          '/slow': (_req, res) => res.send('read only'),
          '/leave': async (req, res) => {
            await req.session.regenerate();
            res.send('out');
          },
        },
        { ...options, clock },
      );
      const client = await knownClient();
      clock.advance(wait);
      const read = store.holdAnswer('read');
      const slow = client.fetch('/slow');
      await read.reached;
      expect(await (await client.fetch('/leave')).text()).toBe('out');
      read.release();
      const response = await slow;
      expect([response.status, response.headers.getSetCookie()]).toEqual([200, []]);
    },
  );

  it('does go out while the session is there, with the activity written down first', async () => {
    const clock = fakeClock(Date.now());
    const { store, knownClient } = await expressApp(
      { '/': (_req, res) => res.send('read only') },
      { cookie: { maxAge: 30 * MINUTE }, clock },
    );
    const client = await knownClient();
    expect((await client.fetch('/')).headers.getSetCookie()).toHaveLength(0);
    clock.advance(10 * MINUTE);
    expect((await client.fetch('/')).headers.getSetCookie()).toHaveLength(1);
    expect(store.count('touch')).toBe(1);
  });

  it.each([
    ['with the response', false],
    ['by save()', true],
  ])(
    'goes out as well when the session is written often, %s, for no touch is due then',
    async (_how, isSaved) => {
      const clock = fakeClock(Date.now());
      const { store, knownClient } = await expressApp(
        {
          '/': async (req, res) => {
            req.session['n'] = clock.now();
            if (isSaved) {
              await req.session.save();
            }
            res.send('written');
          },
        },
        { cookie: { maxAge: 30 * MINUTE }, clock },
      );
      const client = await knownClient();
      for (let round = 0; round < 5; round++) {
        clock.advance(MINUTE);
        expect((await client.fetch('/')).headers.getSetCookie()).toHaveLength(1);
      }
      expect(store.count('touch')).toBe(0);
    },
  );

  it('goes out although nobody looked at the session, when it is the session’s own that lasts', async () => {
    const clock = fakeClock(Date.now());
    const { store, knownClient } = await expressApp(
      {
        '/last': (req, res) => {
          Object.assign(req.session['cookie'] as object, { maxAge: 24 * 60 * MINUTE });
          res.send('lasts');
        },
        '/': (_req, res) => res.send('not looked at'),
      },
      { clock, absoluteTimeout: '30d' },
    );
    const client = await knownClient();
    await client.fetch('/last');
    clock.advance(60 * MINUTE);
    const [line = ''] = (await client.fetch('/')).headers.getSetCookie();
    expect(line).toContain(`Expires=${new Date(clock.now() + 24 * 60 * MINUTE).toUTCString()}`);
    expect(store.count('touch')).toBe(1);
  });

  it('is no reason for an error when the activity cannot be written down', async () => {
    const { store, log, knownClient } = await expressApp(
      { '/': (req, res) => res.send(String(req.session['user'])) },
      { rolling: true },
    );
    const client = await knownClient();
    store.fail('touch');
    const response = await client.fetch('/');
    expect([response.status, await response.text(), response.headers.getSetCookie()]).toEqual([
      200,
      'ada',
      [],
    ]);
    await log.says(/The session store failed at touch: .* Cause: The test took the store down/);
  });
});

describe('a function for the cookie', () => {
  it('gives the session its lifetime as well', async () => {
    const clock = fakeClock(Date.now());
    const { knownClient } = await expressApp(
      { '/': (req, res) => res.send(String(req.session['user'])) },
      { clock, absoluteTimeout: '30d', cookie: () => ({ maxAge: 14 * 24 * 60 * MINUTE }) },
    );
    const client = await knownClient();
    clock.advance(13 * 24 * 60 * MINUTE);
    expect(await client.read('/')).toEqual({ status: 200, text: 'ada' });
  });
});

describe('the option cookie.expires', () => {
  it('is the date the cookie ends at', async () => {
    const { client } = await expressApp(
      {
        '/': (req, res) => {
          req.session['user'] = 'ada';
          res.end();
        },
      },
      { absoluteTimeout: '1d', cookie: { expires: new Date(Date.now() + 60 * MINUTE) } },
    );
    const [line = ''] = (await client().fetch('/')).headers.getSetCookie();
    const expires = Date.parse(/Expires=([^;]+)/.exec(line)?.[1] ?? '');
    expect(Math.abs(expires - (Date.now() + 60 * MINUTE))).toBeLessThan(MINUTE);
  });
});
