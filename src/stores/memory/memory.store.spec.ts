import { afterEach, describe, expect, it, vi } from 'vitest';
import type { SessionId, SessionRecord } from '../../core/record.js';
import { changed, createRecord, createSessionId, textOf } from '../../testing/contract/records.js';
import { fakeClock } from '../../testing/fake-clock.js';
import { ExpiryHeap } from './expiry-heap.js';
import { MemorySessionStore } from './memory.store.js';
import { settled } from '../../../test/support/settled.js';

const NOW = Date.UTC(2026, 0, 1);

async function fill(store: MemorySessionStore, count: number, expiresAt: (index: number) => number) {
  const ids = Array.from({ length: count }, createSessionId);
  for (const [index, id] of ids.entries()) {
    await store.create(id, createRecord({ expiresAt: expiresAt(index) }));
  }
  return ids;
}

/** What the store counts for a session. */
async function bytesOf(record: SessionRecord): Promise<number> {
  const store = new MemorySessionStore();
  await store.create(createSessionId(), record);
  const { bytes } = store;
  await store.close();
  return bytes;
}

async function alive(store: MemorySessionStore, ids: readonly SessionId[]): Promise<number[]> {
  const records = await store.readMany(ids);
  return [...records.keys()].filter((index) => records[index] !== undefined);
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe('MemorySessionStore', () => {
  describe('limits', () => {
    it('evicts what expires first when one more session comes', async () => {
      const store = new MemorySessionStore({ maxSessions: 3 });
      const ids = await fill(store, 3, (index) => NOW + [20, 10, 30][index]!);
      ids.push(...(await fill(store, 1, () => NOW + 40)));
      expect(await alive(store, ids)).toEqual([0, 2, 3]);
      ids.push(...(await fill(store, 1, () => NOW + 50)));
      expect(await alive(store, ids)).toEqual([2, 3, 4]);
      expect(store.size).toBe(3);
    });

    it('goes by the time of the last touch', async () => {
      const store = new MemorySessionStore({ maxSessions: 2 });
      const [first, second] = await fill(store, 2, (index) => NOW + index);
      const { version, lastSeenAt } = (await store.read(first!))!;
      await store.touch(first!, version, lastSeenAt + 1, NOW + 100);
      await fill(store, 1, () => NOW + 50);
      expect(await alive(store, [first!, second!])).toEqual([0]);
    });

    it('never evicts the session that is being created, even if it expires first', async () => {
      const store = new MemorySessionStore({ maxSessions: 2 });
      const ids = await fill(store, 3, (index) => NOW + 100 - index);
      expect(await alive(store, ids)).toEqual([0, 2]);
    });

    it('evicts when the sessions together become too large', async () => {
      const large = createRecord({ ...textOf({ text: 'x'.repeat(10_000) }), expiresAt: NOW });
      const store = new MemorySessionStore({ maxBytes: Math.floor(3.5 * (await bytesOf(large))) });
      const ids = Array.from({ length: 5 }, createSessionId);
      for (const [index, id] of ids.entries()) {
        await store.create(id, { ...large, expiresAt: NOW + index });
      }
      expect(await alive(store, ids)).toEqual([2, 3, 4]);
      expect(store.bytes).toBeLessThanOrEqual(store.maxBytes);
    });

    it('evicts others, not itself, when a session grows', async () => {
      const store = new MemorySessionStore({ maxBytes: 20_000 });
      const ids = await fill(store, 10, (index) => NOW + index);
      const first = (await store.read(ids[0]!))!;
      const grown = { ...first, ...textOf({ text: 'x'.repeat(18_000) }), version: changed(first).version };
      expect(await store.replace(ids[0]!, grown, first.version)).toEqual({ done: true });
      expect(await store.read(ids[0]!)).toEqual(grown);
      expect(await alive(store, ids)).not.toHaveLength(10);
      expect(store.bytes).toBeLessThanOrEqual(20_000);
    });

    it('refuses a session that alone is too large, and keeps the one that it has', async () => {
      const store = new MemorySessionStore({ maxBytes: 20_000 });
      const [id] = await fill(store, 1, () => NOW);
      const record = (await store.read(id!))!;
      const huge = { ...changed(record), ...textOf({ text: 'x'.repeat(20_000) }) };
      await expect(store.replace(id!, huge, record.version)).rejects.toThrow(/raise maxBytes/);
      await expect(store.create(createSessionId(), huge)).rejects.toThrow(/raise maxBytes/);
      expect(await store.read(id!)).toEqual(record);
      expect(store.size).toBe(1);
    });

    it('counts bytes down again', async () => {
      const store = new MemorySessionStore();
      const ids = await fill(store, 10, (index) => NOW + index);
      await store.remove(ids[9]!);
      await store.sweep(NOW + 4, 100);
      const left = await store.readMany(ids.slice(5, 9));
      const sizes = await Promise.all(left.map((record) => bytesOf(record!)));
      expect(store.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
      await store.sweep(NOW + 100, 100);
      expect([store.size, store.bytes]).toEqual([0, 0]);
    });

    it('counts a text by the width of its characters', async () => {
      const sizeWith = (text: string) => bytesOf(createRecord({ ...textOf({}), meta: text }));
      const ascii = await sizeWith('e'.repeat(1_000));
      expect((await sizeWith('é'.repeat(1_000))) - ascii).toBe(0);
      // One wide character widens the whole text of the record.
      expect((await sizeWith('漢'.repeat(1_000))) - ascii).toBeGreaterThan(1_000);
      expect((await sizeWith(`漢${'e'.repeat(999)}`)) - (await sizeWith('漢'.repeat(1_000)))).toBe(0);
    });

    it('says whether anything bounds it', () => {
      const none = Number.POSITIVE_INFINITY;
      expect(new MemorySessionStore().unlimited).toBe(false);
      expect(new MemorySessionStore({ maxSessions: none }).unlimited).toBe(false);
      expect(new MemorySessionStore({ maxBytes: none }).unlimited).toBe(false);
      expect(new MemorySessionStore({ maxSessions: none, maxBytes: none }).unlimited).toBe(true);
    });

    it.each([
      [{ maxSessions: 0 }, 'maxSessions'],
      [{ maxSessions: 1.5 }, 'maxSessions'],
      [{ maxBytes: Number.NaN }, 'maxBytes'],
      [{ maxBytes: -1 }, 'maxBytes'],
      [{ sweepInterval: 0 }, 'sweepInterval'],
      [{ sweepInterval: 2 ** 31 }, 'sweepInterval'],
    ])('refuses %j by name', (options, name) => {
      expect(() => new MemorySessionStore(options)).toThrow(new RegExp(`cannot use ${name}`));
    });
  });

  describe('sweep', () => {
    it('looks at what has expired and at one more, however many are kept', async () => {
      const store = new MemorySessionStore();
      await fill(store, 5_000, (index) => NOW + index);
      const looked = vi.spyOn(ExpiryHeap.prototype, 'first');
      const moved = vi.spyOn(ExpiryHeap.prototype, 'delete');
      expect(await store.sweep(NOW + 6, 1_000)).toBe(7);
      expect(looked).toHaveBeenCalledTimes(8);
      expect(moved).toHaveBeenCalledTimes(7);
      looked.mockClear();
      expect(await store.sweep(NOW + 6, 1_000)).toBe(0);
      expect(looked).toHaveBeenCalledTimes(1);
    });

    it('costs nothing more for sessions that were touched', async () => {
      const store = new MemorySessionStore();
      const ids = await fill(store, 1_000, (index) => NOW + index);
      for (const id of ids.slice(10)) {
        const { version, lastSeenAt } = (await store.read(id))!;
        await store.touch(id, version, lastSeenAt, NOW + 1_000_000);
      }
      const looked = vi.spyOn(ExpiryHeap.prototype, 'first');
      expect(await store.sweep(NOW + 5_000, 10_000)).toBe(10);
      expect(looked).toHaveBeenCalledTimes(11);
    });

    it('is done by a timer that the first session starts, by the injected clock', async () => {
      vi.useFakeTimers();
      const clock = fakeClock(NOW);
      const store = new MemorySessionStore({ clock, sweepInterval: 1_000 });
      expect(vi.getTimerCount()).toBe(0);
      await fill(store, 2_500, (index) => NOW + (index < 2_400 ? 10 : 10_000));
      expect(vi.getTimerCount()).toBe(1);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(store.size).toBe(2_500);
      clock.advance(10);
      await vi.advanceTimersByTimeAsync(1_010);
      await settled();
      expect(store.size).toBe(100);
      await store.close();
      expect(vi.getTimerCount()).toBe(0);
    });

    it('keeps no process alive', async () => {
      const started = vi.spyOn(globalThis, 'setInterval');
      const store = new MemorySessionStore();
      await fill(store, 1, () => NOW);
      const timer: NodeJS.Timeout = started.mock.results[0]?.value;
      expect(timer.hasRef()).toBe(false);
      await store.close();
    });
  });

  it('tells of what it had no room for, and of what its timer removed', async () => {
    vi.useFakeTimers();
    const clock = fakeClock(NOW);
    const store = new MemorySessionStore({ maxSessions: 2, clock, sweepInterval: 1_000 });
    const told: unknown[] = [];
    store.onForgotten(({ id, why }) => told.push([id, why]));
    const [first, second] = await fill(store, 2, (index) => NOW + 100 + index);
    const [third] = await fill(store, 1, () => NOW + 200);
    expect(told).toEqual([[first, 'full']]);
    clock.advance(150);
    await fill(store, 1, () => NOW + 10_000);
    expect(told.slice(1)).toEqual([[second, 'expired']]);
    clock.advance(50);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(told.slice(2)).toEqual([[third, 'expired']]);
    await store.close();
    expect(told).toHaveLength(3);
  });

  it('hands out records of their own: what is done to one changes neither the store nor another', async () => {
    const store = new MemorySessionStore();
    const [id] = await fill(store, 1, () => NOW);
    const record = (await store.read(id!))!;
    const before = structuredClone(record);
    await store.touch(id!, record.version, record.lastSeenAt + 1, NOW + 1);
    expect(record).toEqual(before);
    Reflect.set(record, 'expiresAt', 0);
    Reflect.set(record.lengths, 0, 99);
    expect(await store.read(id!)).toEqual({
      ...before,
      lastSeenAt: before.lastSeenAt + 1,
      expiresAt: NOW + 1,
    });
  });

  it('forgets everything when it closes', async () => {
    const store = new MemorySessionStore();
    await fill(store, 10, () => NOW);
    await store.close();
    await store.close();
    expect([store.size, store.bytes]).toEqual([0, 0]);
  });
});
