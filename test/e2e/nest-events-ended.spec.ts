import { MemorySessionStore, type SessionOptions } from 'nest-sessions';
import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import { withEvents } from '../support/events-app.js';
import { idOf, tokenOf } from '../support/tokens.js';

const MINUTE = 60_000;

describe('session events of an end', () => {
  it('revoked: one, the others, all, this one included', async () => {
    const { client, told, registry, taken, events } = await withEvents({ registry: true });
    const [one, two, three] = [client(), client(), client()];
    for (const each of [one, two, three]) {
      await each.read('/login');
    }
    const [handle] = events.filter(({ type }) => type === 'login').map((event) => event.handle);
    await taken();
    expect(await registry.revoke('ada', String(handle))).toBe(true);
    expect(await taken()).toEqual(['ended ada revoked']);
    expect(await told(one, 'look')).toEqual([]);
    expect(await told(two, 'others')).toEqual(['ended ada revoked']);
    await three.read('/login');
    await taken();
    expect(await told(two, 'all')).toEqual(['ended ada revoked', 'ended ada revoked']);
  });

  it('evicted: by a login beyond the limit', async () => {
    const { client, told } = await withEvents({ maxSessions: 1 });
    await told(client(), 'login');
    expect(await told(client(), 'login')).toEqual(['ended ada evicted', 'started ada', 'login ada']);
  });

  it('idle and absolute: by the request that finds it, told by the limit that came first', async () => {
    const { client, told, clock } = await withEvents({ idleTimeout: '30m', absoluteTimeout: '40m' });
    const known = client();
    await told(known, 'login');
    clock.advance(60 * MINUTE);
    expect(await told(known, 'look', 'look')).toEqual(['ended ada idle']);
    await told(known, 'login');
    clock.advance(20 * MINUTE);
    expect(await told(known, 'look')).toEqual([]);
    clock.advance(21 * MINUTE);
    expect(await told(known, 'look')).toEqual(['ended ada absolute']);
  });

  it('idle: by the list of a user that finds it', async () => {
    const { client, told, clock, registry, taken } = await withEvents({ registry: true });
    await told(client(), 'login');
    clock.advance(31 * MINUTE);
    expect(await registry.count('ada')).toBe(0);
    expect(await taken()).toEqual(['ended ada idle']);
  });

  it('idle and lost-write: by the commit that finds it', async () => {
    const clock = fakeClock();
    const { client, told } = await withEvents(
      { clock },
      {
        slow: ({ sessions }) => {
          clock.advance(31 * MINUTE);
          sessions.set('theme', 'dark');
        },
      },
    );
    const known = client();
    await told(known, 'login');
    expect(await told(known, 'slow')).toEqual(['ended ada idle', 'lost-write ada']);
  });

  it('idle and absolute: by the sweep of a store, of sessions and of nothing else', async () => {
    const clock = fakeClock();
    const store = new MemorySessionStore({ clock });
    const options = {
      store,
      clock,
      registry: true,
      renewAfter: '1m',
      idleTimeout: '30m',
      absoluteTimeout: '40m',
    };
    const { client, told, taken, log } = await withEvents(options);
    const known = client();
    await told(known, 'login');
    clock.advance(2 * MINUTE);
    expect(await told(known, 'look')).toEqual(['renewed ada']);
    await told(client(), 'fill');
    clock.advance(24 * 60 * MINUTE);
    // A session with its forward, an anonymous one, and what the registry keeps.
    expect(await store.sweep(clock.now() + 365 * 24 * 60 * MINUTE, 100)).toBe(4);
    expect((await taken()).toSorted()).toEqual(['ended ada idle', 'ended idle']);
    expect(await told(known, 'look')).toEqual([]);
    expect(log.errors).toEqual([]);
  });

  it('evicted: by a memory store that is full', async () => {
    const store = new MemorySessionStore({ maxSessions: 1, clock: fakeClock() });
    const { client, told } = await withEvents({ store });
    await told(client(), 'login');
    expect(await told(client(), 'fill')).toEqual(['ended ada evicted', 'started']);
  });

  it('req.sessionStore.destroy() ends a session as a logout does, its place in the list included', async () => {
    const { client, told, registry, store } = await withEvents({ registry: true });
    const known = client();
    await told(known, 'login');
    expect(await told(known, 'forget')).toEqual(['ended ada logout']);
    expect(await registry.count('ada')).toBe(0);
    const entries = store.stored.map(({ sessions }) => sessions);
    expect(entries).toEqual([[]]);
    expect(await told(known, 'forget')).toEqual([]);
  });

  it.each<[string, Partial<SessionOptions>]>([
    ['idle', { idleTimeout: '5m' }],
    ['absolute', { idleTimeout: '5m', absoluteTimeout: '5m' }],
  ])('req.sessionStore.destroy() of a session whose time is up tells %s', async (reason, options) => {
    const { client, told, clock } = await withEvents(options, {
      forget: ({ req }) => new Promise((resolve) => req.sessionStore.destroy(String(req.query.sid), resolve)),
    });
    const known = client();
    await told(known, 'login');
    clock.advance(5 * MINUTE);
    expect(await told(client(), `forget?sid=${idOf(tokenOf(known))}`)).toEqual([`ended ada ${reason}`]);
  });

  it('req.sessionStore shows nothing of what is kept about a user', async () => {
    const answers: unknown[] = [];
    const ids: string[] = [];
    const { client, told, store, registry } = await withEvents(
      { registry: true },
      {
        peek: async ({ req }) => {
          for (const id of ids) {
            answers.push(
              await new Promise((resolve) => req.sessionStore.get(id, (_error, found) => resolve(found))),
            );
            await new Promise((resolve) => req.sessionStore.destroy(id, resolve));
          }
        },
      },
    );
    const create = store.create.bind(store);
    store.create = (id, record) => {
      ids.push(...(id.startsWith('principal-') ? [id] : []));
      return create(id, record);
    };
    const known = client();
    await told(known, 'login');
    expect(await told(known, 'peek')).toEqual([]);
    expect([answers, await registry.count('ada')]).toEqual([[null], 1]);
  });
});
