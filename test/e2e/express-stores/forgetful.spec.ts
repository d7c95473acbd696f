import type { SessionId } from 'nest-sessions';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreGateway } from '../../../src/core/store-gateway.js';
import { begin, engineOn, loggedIn } from '../../support/engine.js';
import { settled } from '../../support/settled.js';
import { adapterOf } from './adapter.js';
import { type Fault, FaultyStore } from './faulty.store.js';

const NEVER: Fault = () => undefined;
/** How long an operation may take, in milliseconds of the timers, which these tests move on themselves. */
const LIMIT = 1_000;
/** Long enough for a call to count as forgotten. */
const AGES = 20 * LIMIT;
const UNAVAILABLE = { code: 'session_unavailable' };
const TOO_MANY = /too many operations/;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

/** A session on a store, and what asks for it. */
async function onStore(store: FaultyStore) {
  const adapter = adapterOf(store, { operationTimeout: LIMIT });
  const engine = engineOn(adapter, { operationTimeout: LIMIT });
  return { adapter, engine, held: await loggedIn(engine) };
}

/** A change that the store keeps to itself. The one who made it was told that it failed. */
async function lateWrite(store: FaultyStore, { engine, held }: Awaited<ReturnType<typeof onStore>>) {
  const write = store.keep('set');
  const slow = await begin(engine, held);
  slow.live.set('a', 'late');
  const failed = Promise.allSettled([slow.commit()]);
  await write.reached;
  await vi.advanceTimersByTimeAsync(LIMIT);
  expect(await failed).toMatchObject([{ status: 'rejected', reason: UNAVAILABLE }]);
  return write;
}

describe('P12 a store that never answers some calls', () => {
  it.each(['get', 'set', 'destroy'] as const)(
    'is asked again once %s counts as forgotten',
    async (method) => {
      const store = new FaultyStore();
      const { adapter, held } = await onStore(store);
      const { id, record } = held;
      const gateway = new StoreGateway(adapter, { operationTimeout: LIMIT, maxPending: 3 });
      const others = ['one', 'two', 'three'] as SessionId[];
      others.forEach((other) =>
        Reflect.set(store.sessions, other, Reflect.get(store.sessions, id) as string),
      );
      store.always(method, NEVER);
      const work = (other: SessionId) =>
        method === 'get'
          ? gateway.read(other)
          : method === 'set'
            ? gateway.create(`new-${other}` as SessionId, record)
            : gateway.remove(other);
      const failed = Promise.all(
        others.map((other) => expect(work(other)).rejects.toMatchObject(UNAVAILABLE)),
      );
      await vi.advanceTimersByTimeAsync(LIMIT);
      await failed;
      store.always(method, (real, callback) => real(callback));
      // It may still answer, and counts as asked until it is hopeless.
      await expect(gateway.read(id)).rejects.toThrow(TOO_MANY);
      await vi.advanceTimersByTimeAsync(AGES);
      expect(await gateway.read(id)).toMatchObject({ version: record.version });
      expect(await gateway.remove(id)).toMatchObject({ version: record.version });
    },
  );
});

describe('P1 a write that was forgotten', () => {
  it.each<['before' | 'after']>([['before'], ['after']])(
    'brings back nothing when it lands at last: the session was ended %s that',
    async (when) => {
      const store = new FaultyStore();
      const session = await onStore(store);
      const { adapter, held } = session;
      const write = await lateWrite(store, session);
      if (when === 'before') {
        await adapter.remove(held.id);
      }
      await vi.advanceTimersByTimeAsync(AGES);
      if (when === 'after') {
        await adapter.remove(held.id);
      }
      expect(store.sessions[held.id]).toBeUndefined();

      write.release();
      expect(store.sessions[held.id]).toContain('late');
      expect(await adapter.read(held.id)).toBeUndefined();
      await settled();
      expect(store.sessions[held.id]).toBeUndefined();
      expect(await adapter.read(held.id)).toBeUndefined();
    },
  );

  it('undoes nothing that was acknowledged since', async () => {
    const store = new FaultyStore();
    const session = await onStore(store);
    const { engine, held } = session;
    const write = await lateWrite(store, session);
    await vi.advanceTimersByTimeAsync(AGES);
    const next = await begin(engine, held);
    next.live.set('b', 'newer');
    await next.commit();
    write.release();
    await settled();
    expect(store.sessions[held.id]).toContain('newer');
    expect((await begin(engine, held)).live.pick(['a', 'b'])).toEqual({ a: 0, b: 'newer' });
  });
});

describe('P1 a late write that could not be undone at once', () => {
  /** A store that has to be asked again to undo a late write. */
  async function inTrouble() {
    const store = new FaultyStore();
    const session = await onStore(store);
    const write = await lateWrite(store, session);
    await session.adapter.remove(session.held.id);
    store.next('destroy', (_work, callback) => callback(new Error('not now')));
    write.release();
    await settled();
    const isThere = () => store.sessions[session.held.id] !== undefined;
    expect(isThere()).toBe(true);
    return { store, adapter: session.adapter, isThere };
  }

  it('is undone although another application on the same store was closed, even twice', async () => {
    const { store, isThere } = await inTrouble();
    const other = adapterOf(store);
    await other.close();
    await other.close();
    await vi.advanceTimersByTimeAsync(LIMIT);
    await settled();
    expect(isThere()).toBe(false);
  });

  it('is left alone once the last one was closed', async () => {
    const { store, adapter, isThere } = await inTrouble();
    await Promise.all([adapterOf(store).close(), adapter.close()]);
    await vi.advanceTimersByTimeAsync(AGES);
    await settled();
    expect(isThere()).toBe(true);
  });
});
