import type { SessionEvent } from 'nest-sessions';
import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import { ControlledStore } from '../support/controlled.store.js';
import { begin, engineOn, loggedIn } from '../support/engine.js';

const MINUTE = 60_000;

describe('P1 what a request takes along from a session that another one had ended', () => {
  it.each(['regenerate', 'login'] as const)('is nothing: %s keeps no field of it', async (how) => {
    const engine = engineOn(new ControlledStore());
    const token = await loggedIn(engine, { user: 'ada' });
    const slow = await begin(engine, token);
    await (await begin(engine, token)).destroy();
    await (how === 'login' ? slow.login('eve', { keep: ['user'] }) : slow.regenerate(['user']));
    await slow.commit();
    expect(slow.live.get('user')).toBeUndefined();
    const { held } = slow.live;
    expect(held && (await begin(engine, held)).live.get('user')).toBeUndefined();
  });

  it.each(['regenerate', 'login'] as const)(
    'P2 is the field as another request changed it: %s takes that',
    async (how) => {
      const engine = engineOn(new ControlledStore());
      const token = await loggedIn(engine, { cart: ['tea'], own: 1 });
      const slow = await begin(engine, token);
      expect(slow.live.get('cart')).toEqual(['tea']);
      slow.live.set('own', 2);
      const other = await begin(engine, token);
      other.live.set('cart', ['tea', 'milk']);
      other.live.set('own', 9);
      await other.save();
      await (how === 'login'
        ? slow.login('eve', { keep: ['cart', 'own'] })
        : slow.regenerate(['cart', 'own']));
      await slow.save();
      const { held } = slow.live;
      const after = held && (await begin(engine, held)).live;
      expect([after?.get('cart'), after?.get('own')]).toEqual([['tea', 'milk'], 2]);
    },
  );

  it('P9 when the last step of a login fails, nobody is logged in', async () => {
    const store = new ControlledStore();
    const engine = engineOn(store);
    const token = await loggedIn(engine, { cart: ['tea'] });
    const slow = await begin(engine, token);
    const other = await begin(engine, token);
    other.live.set('cart', ['milk']);
    await other.save();
    // The kept field was changed by another request: it is stored once more, which fails.
    store.fail('replace');
    await expect(slow.login('eve', { keep: ['cart'] })).rejects.toMatchObject({
      code: 'session_unavailable',
    });
    store.heal();
    expect([slow.live.held, slow.live.get('cart'), slow.reply().kind]).toEqual([
      undefined,
      undefined,
      'clear',
    ]);
    await engine.idle();
    expect(store.stored).toEqual([]);
  });

  it('is not the cookie either: only who ended the session takes it away', async () => {
    const engine = engineOn(new ControlledStore());
    const token = await loggedIn(engine);
    const [first, second] = [await begin(engine, token), await begin(engine, token)];
    await first.destroy();
    await second.destroy();
    expect([first.reply().kind, second.reply().kind]).toEqual(['clear', 'keep']);
  });
});

describe('P6 a session whose time ran out while a request was running', () => {
  it('is not brought back by its touch', async () => {
    const clock = fakeClock();
    const engine = engineOn(new ControlledStore(), { clock });
    const token = await loggedIn(engine);
    const slow = await begin(engine, token);
    slow.activity.touch();
    clock.advance(2 * MINUTE);
    expect(await slow.activity.write(token)).toBe(false);
    expect((await begin(engine, token)).live.held).toBeUndefined();
  });

  it('is not brought back by its write, which is dropped and reported', async () => {
    const clock = fakeClock();
    const events: SessionEvent[] = [];
    const store = new ControlledStore();
    const engine = engineOn(store, { clock, events });
    const token = await loggedIn(engine);
    const slow = await begin(engine, token);
    clock.advance(2 * MINUTE);
    slow.live.set('a', 1);
    await slow.commit();
    expect(events).toMatchObject([{ type: 'lost-write' }]);
    expect(store.stored).toEqual([]);
  });

  it('is dated with the arrival of the request, not with its end', async () => {
    const clock = fakeClock();
    const store = new ControlledStore();
    const engine = engineOn(store, { clock });
    const token = await loggedIn(engine);
    clock.advance(10_000);
    const slow = await begin(engine, token);
    const arrivedAt = clock.now();
    clock.advance(30_000);
    const due = slow.activity.touchDue;
    expect(due && (await slow.activity.write(due))).toBe(true);
    expect(store.records.map(({ lastSeenAt }) => lastSeenAt)).toEqual([arrivedAt]);
  });
});

describe('a session that is alive although the record in hand looks expired', () => {
  it('takes the write of a request that came in time', async () => {
    const clock = fakeClock();
    const engine = engineOn(new ControlledStore(), { clock });
    const token = await loggedIn(engine);
    clock.advance(59_000);
    const slow = await begin(engine, token);
    clock.advance(5_000);
    slow.live.set('a', 'late');
    await slow.commit();
    expect((await begin(engine, token)).live.get('a')).toBe('late');
  });

  it('takes the write of a request that lasted too long while others kept it alive', async () => {
    const clock = fakeClock();
    const engine = engineOn(new ControlledStore(), { clock });
    const token = await loggedIn(engine);
    const slow = await begin(engine, token);
    for (let round = 0; round < 3; round++) {
      clock.advance(40_000);
      const other = await begin(engine, token);
      const due = other.activity.touchDue;
      expect(due && (await other.activity.write(due))).toBe(true);
    }
    slow.live.set('a', 'late');
    await slow.commit();
    expect((await begin(engine, token)).live.get('a')).toBe('late');
  });
});

describe('P2 a write that would change nothing about an outdated record', () => {
  it('is made all the same when another process had changed the field in between', async () => {
    const store = new ControlledStore();
    const [here, there] = [engineOn(store), engineOn(store)];
    const token = await loggedIn(here);
    // A writes a=1 and waits for its answer; B, elsewhere, writes a=2; C has read that and queues behind A with a=1.
    const a = await begin(here, token);
    a.live.set('a', 1);
    const answer = store.holdAnswer('replace');
    const written = a.save();
    await answer.reached;
    const b = await begin(there, token);
    b.live.set('a', 2);
    await b.save();
    const c = await begin(here, token);
    c.live.set('a', 1);
    const queued = c.save();
    answer.release();
    await Promise.all([written, queued]);
    expect(store.stored).toMatchObject([{ a: 1 }]);
  });

  it('tells update() when the session is gone', async () => {
    const engine = engineOn(new ControlledStore());
    const token = await loggedIn(engine);
    const slow = await begin(engine, token);
    await (await begin(engine, token)).destroy();
    await expect(slow.update((draft) => draft['a'])).rejects.toMatchObject({ code: 'session_gone' });
  });
});

describe('P10 writers that wait for one another', () => {
  it('fail together with the first when the store does not answer, and not one after another', async () => {
    const store = new ControlledStore();
    const engine = engineOn(store, { operationTimeout: 100 });
    const token = await loggedIn(engine);
    store.hang('replace');
    const writers = Array.from({ length: 20 }, async (_unused, n) => {
      const session = await begin(engine, token);
      session.live.set('a', n + 1);
      return session.save();
    });
    const results = await Promise.allSettled(writers);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(store.count('replace')).toBe(1);
    store.heal();
    const next = await begin(engine, token);
    next.live.set('a', 'again');
    await next.save();
    expect((await begin(engine, token)).live.get('a')).toBe('again');
  });
});

describe('operations and the commit', () => {
  it('take turns: a save() while a new session is being stored does not store it twice', async () => {
    const store = new ControlledStore();
    const session = await begin(engineOn(store));
    session.live.set('a', 1);
    const create = store.holdNext('create');
    const commit = session.commit();
    await create.reached;
    session.live.set('b', 2);
    const save = session.save();
    create.release();
    await Promise.all([commit, save]);
    expect(store.stored).toEqual([{ a: 1, b: 2 }]);
    expect(store.count('create')).toBe(1);
  });

  it('take turns: a destroy() while a new session is being stored leaves nothing behind', async () => {
    const store = new ControlledStore();
    const session = await begin(engineOn(store));
    session.live.set('a', 1);
    const create = store.holdNext('create');
    const commit = session.commit();
    await create.reached;
    const destroyed = session.destroy();
    create.release();
    await Promise.all([commit, destroyed]);
    expect(store.stored).toEqual([]);
  });

  it('update() that cannot be stored leaves no change behind', async () => {
    const store = new ControlledStore();
    const session = await begin(engineOn(store));
    session.live.set('a', 1);
    store.failNext('create');
    await expect(session.update((draft) => (draft['b'] = 2))).rejects.toMatchObject({
      code: 'session_unavailable',
    });
    await session.commit();
    expect(store.stored).toEqual([{ a: 1 }]);
  });

  it('update() is not harmed by another field that cannot be stored', async () => {
    const engine = engineOn(new ControlledStore());
    const token = await loggedIn(engine);
    const session = await begin(engine, token);
    session.live.set('odd', 1n);
    await expect(session.update((draft) => (draft['b'] = 2))).resolves.toBe(2);
    await expect(session.commit()).rejects.toMatchObject({ code: 'session_not_serializable' });
  });
});

describe('a session with a shorter life of its own', () => {
  it('is touched as much more often, so that it lives while it is used', async () => {
    const clock = fakeClock();
    const engine = engineOn(new ControlledStore(), { clock });
    const token = await loggedIn(engine);
    const setting = await begin(engine, token);
    setting.live.chooseCookie({ originalMaxAge: 5_000 }, 5_000);
    await setting.save();
    for (let round = 0; round < 10; round++) {
      clock.advance(2_000);
      const session = await begin(engine, token);
      expect(session.live.held).toBeDefined();
      const due = session.activity.touchDue;
      expect(due && (await session.activity.write(due))).toBe(true);
    }
  });
});
