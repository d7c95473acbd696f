import type { FlashMessage, SessionService } from 'nest-sessions';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { added, flashApp, info, seen, STORES } from '../support/flash-app.js';

describe.each(STORES)('messages of sessions in %s', (_name, options) => {
  it('outlive a redirect and are shown once', async () => {
    const client = (await flashApp({}, options())).client();
    expect((await client.read('/pages/save')).status).toBe(302);
    expect(await seen(client)).toEqual([info('Saved.')]);
    expect(await seen(client)).toEqual([]);
  });

  it('are handed out by type, in their order, each type on its own', async () => {
    const client = (
      await flashApp(
        {
          async add({ sessions }) {
            await sessions.load();
            sessions.flash('info', 1);
            sessions.flash('error', 2);
            sessions.flash('info', 3);
          },
        },
        options(),
      )
    ).client();
    await client.read('/add');
    expect(await seen(client, '/pages/errors')).toEqual([{ type: 'error', message: 2 }]);
    expect(await seen(client, '/pages/errors')).toEqual([]);
    await client.read('/add');
    expect(await seen(client, '/pages/both')).toEqual([
      [{ type: 'error', message: 2 }],
      [info(1), info(3), info(1), info(3)],
    ]);
    expect(await seen(client)).toEqual([]);
  });
});

describe('a message', () => {
  it('is any JSON, copied when it is added, and never escaped', async () => {
    const order = { id: 7, lines: ['<b>"&'] };
    const app = await flashApp({
      add({ sessions }) {
        sessions.flash('info', order);
        order.id = 8;
        sessions.flash('info', null);
      },
    });
    const client = app.client();
    await client.read('/add');
    expect(await seen(client)).toEqual([info({ id: 7, lines: ['<b>"&'] }), info(null)]);
    expect(app.log.warnings).toEqual([]);
  });

  it('goes through pipes', async () => {
    const { known } = await added(['info', 'a'], ['error', 'b'], ['error', 'c']);
    expect((await known.read('/pages/piped-errors')).text).toBe('b c');
    expect((await known.read('/pages/piped')).text).toBe('a');
  });

  it('is handed out by takeFlash() as well, also in the request that added it', async () => {
    const { client, store } = await flashApp({
      async both({ sessions }) {
        sessions.flash('info', 'now');
        return [await sessions.takeFlash('error'), await sessions.takeFlash(), await sessions.takeFlash()];
      },
      take: ({ sessions }) => sessions.takeFlash('info'),
    });
    const known = client();
    expect(await seen(known, '/both')).toEqual([[], [info('now')], []]);
    expect(store.writes).toBe(0);
    await known.read('/pages/save');
    expect(await seen(known, '/take')).toEqual([info('Saved.')]);
    expect(await seen(known, '/take')).toEqual([]);
    expectTypeOf<ReturnType<SessionService['takeFlash']>>().resolves.toEqualTypeOf<FlashMessage[]>();
  });

  it('is an ordinary field of its own, beside that of connect-flash', async () => {
    const app = await flashApp({
      add({ sessions, req }) {
        sessions.flash('info', 'ours');
        // As connect-flash does it.
        const messages: Record<string, string[]> = {};
        Object.assign(req.session, { flash: messages });
        (messages['info'] ??= []).push('theirs');
      },
      fields: ({ sessions }) => Object.keys(sessions.fields),
    });
    const client = app.client();
    await client.read('/add');
    expect(await seen(client, '/fields')).toEqual([expect.stringMatching(/^flash:[\w-]{16}$/), 'flash']);
    expect(await seen(client)).toEqual([info('ours')]);
    expect(app.store.stored).toEqual([{ flash: { info: ['theirs'] } }]);
  });

  it('is not mistaken: fields of such a name that are no messages are left alone', async () => {
    const odd = { 'flash:a': 1, 'flash:b': { type: 'info' }, 'flash:c': { type: 1, message: 2 } };
    const app = await flashApp({ add: ({ req }) => void Object.assign(req.session, odd) });
    const client = app.client();
    await client.read('/add');
    expect(await seen(client)).toEqual([]);
    expect(app.store.stored).toEqual([odd]);
  });

  it('does not push out fields whose name only begins so, or that only have such a name', async () => {
    const theirs = Object.fromEntries([
      ...Array.from({ length: 30 }, (_none, index) => [`flash:sale-${index}`, info(index)]),
      ...Array.from({ length: 30 }, (_none, index) => [`flash:${String(index).padStart(16, '0')}`, index]),
    ]) as Record<string, unknown>;
    const app = await flashApp({
      add({ req, sessions }) {
        Object.assign(req.session, theirs);
        Array.from({ length: 51 }, (_none, index) => sessions.flash('info', index));
      },
    });
    const client = app.client();
    await client.read('/add');
    expect(await seen(client)).toEqual(Array.from({ length: 50 }, (_none, index) => info(index + 1)));
    expect(app.store.stored).toEqual([theirs]);
  });

  it('goes when there are more than 50: the oldest first', async () => {
    const { known, store } = await added(
      ...Array.from({ length: 52 }, (_none, index) => ['info', index] as ['info', number]),
    );
    expect(Object.keys(store.stored[0] ?? {})).toHaveLength(50);
    expect(await seen(known)).toEqual(Array.from({ length: 50 }, (_none, index) => info(index + 2)));
  });
});

describe('a message for a path', () => {
  it('is taken by that page only, whatever its query', async () => {
    const { known } = await added(['info', 'here', { path: '/pages/cart' }], ['info', 'anywhere']);
    expect(await seen(known, '/pages/other')).toEqual([info('anywhere')]);
    expect(await seen(known, '/pages/all?at=/pages/cart')).toEqual([]);
    expect(await seen(known, '/pages/cart?sent=1')).toEqual([info('here')]);
    expect(await seen(known, '/pages/cart')).toEqual([]);
  });
});

describe('who takes no message', () => {
  it.each([
    ['a HEAD request', { method: 'HEAD' }],
    ['a prefetch', { headers: { 'Sec-Purpose': 'prefetch' } }],
    ['a prerender', { headers: { 'Sec-Purpose': 'prefetch;prerender' } }],
    ['an older prefetch', { headers: { Purpose: 'prefetch' } }],
  ])('%s', async (_name, init) => {
    const { known, store } = await added(['info', 'for people']);
    const { status, text } = await known.read('/pages/all', init);
    expect([status, text || '[]']).toEqual([200, '[]']);
    expect(store.count('replace')).toBe(0);
    expect(await seen(known)).toEqual([info('for people')]);
  });

  it('P5 a visitor without one: nothing is written, and nobody without a session gets one', async () => {
    const { app, client, store } = { ...(await added(['info', 'somebody else'])) };
    expect(app).toBeDefined();
    const [calls, visitor] = [store.calls.length, client()];
    expect(await seen(visitor)).toEqual([]);
    expect([store.calls.length, visitor.cookie]).toEqual([calls, '']);
  });

  it('P5 a session whose messages are of another type', async () => {
    const { known, store } = await added(['info', 'later']);
    const { writes } = store;
    expect(await seen(known, '/pages/errors')).toEqual([]);
    expect(store.writes).toBe(writes);
  });
});

describe('a page that fails', () => {
  it.each(STORES)('P4 loses no message where its session could not be stored: %s', async (_name, options) => {
    const app = await flashApp(
      {
        async broken({ sessions }) {
          await sessions.takeFlash();
          sessions.set('odd', 1n);
        },
      },
      options(),
    );
    const client = app.client();
    await client.read('/pages/save');
    expect((await client.read('/broken')).status).toBe(500);
    expect(await seen(client)).toEqual([info('Saved.')]);
  });

  it('P10 for the store is down says so', async () => {
    const { known, store } = await added(['info', 'patient']);
    store.fail('read');
    expect((await known.read('/pages/all')).status).toBe(503);
    store.heal();
    expect(await seen(known)).toEqual([info('patient')]);
  });
});

describe('the page that takes a message', () => {
  it('is kept by nobody; one that takes none is as it was', async () => {
    const { known } = await added(['info', 'once']);
    expect((await known.fetch('/pages/all')).headers.get('cache-control')).toBe('no-store');
    expect((await known.fetch('/pages/all')).headers.get('cache-control')).toBeNull();
  });
});
