import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionId } from '../../core/record.js';
import { changed, createRecord, createSessionId, createVersion } from '../../testing/contract/records.js';
import { fakeClock } from '../../testing/fake-clock.js';
import { LmdbSessionStore } from './index.js';
import { loadLmdb } from './load-lmdb.js';
import { encodeRecord } from './record.codec.js';

let directory: string;
let stores: LmdbSessionStore[];

function openStore(
  options: Partial<ConstructorParameters<typeof LmdbSessionStore>[0]> = {},
): LmdbSessionStore {
  const store = new LmdbSessionStore({ path: join(directory, 'db'), ...options });
  stores.push(store);
  return store;
}

/** The database as another program sees it. */
async function withRaw<T>(work: (root: RootDatabase) => Promise<T>): Promise<T> {
  const root = open({ path: join(directory, 'db'), overlappingSync: false });
  try {
    return await work(root);
  } finally {
    await root.close();
  }
}

function rowsOf(root: RootDatabase): unknown[] {
  root.resetReadTxn();
  return [...root.openDB({ name: 'expiry', encoding: 'binary' }).getKeys()];
}

/** Puts bytes where a record should be. */
function damage(id: SessionId, bytes: Buffer): Promise<unknown> {
  return withRaw((root) =>
    root.openDB({ name: 'records', encoding: 'binary', useVersions: true }).put(id, bytes, 12_345),
  );
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nest-sessions-lmdb-'));
  stores = [];
});

afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await rm(directory, { recursive: true, force: true });
});

describe('LmdbSessionStore', () => {
  describe('opening', () => {
    it.each([
      [{ path: '' }, /needs a path/],
      [{ path: 'x', mapSize: 0 }, /cannot use mapSize/],
      [{ path: 'x', sweepInterval: 2 ** 31 }, /cannot use sweepInterval/],
      [{ path: 'x', sweepBatch: 0.5 }, /cannot use sweepBatch/],
    ])('refuses %j by name', (options, message) => {
      expect(() => new LmdbSessionStore(options)).toThrow(message);
    });

    it('says what to check when the path cannot be opened, and tries again with the next call', async () => {
      const file = join(directory, 'file');
      await writeFile(file, 'no database');
      const store = openStore({ path: join(file, 'db') });
      await expect(store.open()).rejects.toThrow(/could not open its database.*Check that the path/s);
      await expect(store.read(createSessionId())).rejects.toMatchObject({ cause: expect.any(Error) });
      await rm(file);
      expect(await store.create(createSessionId(), createRecord())).toBe(true);
    });

    it('says what to check when there is a file of another kind', async () => {
      const path = join(directory, 'other.mdb');
      await writeFile(path, 'no database '.repeat(1_000));
      await expect(openStore({ path }).open()).rejects.toThrow(/no file of another kind/);
    });

    it('says how to install lmdb when it is missing', async () => {
      const missing = Object.assign(new Error("Cannot find package 'lmdb' imported from app.js"), {
        code: 'ERR_MODULE_NOT_FOUND',
      });
      await expect(loadLmdb(() => Promise.reject(missing))).rejects.toThrow(/Install it: npm install lmdb/);
      await expect(loadLmdb(() => Promise.reject(new Error('No native build was found')))).rejects.toThrow(
        /could not load the package lmdb.*npm rebuild lmdb/,
      );
    });

    it('keeps the file from other users', async () => {
      await openStore().open();
      const { mode } = await stat(join(directory, 'db', 'data.mdb'));
      expect(mode & 0o077).toBe(0);
    });

    it('takes a name with an extension for a file', async () => {
      const path = join(directory, 'sessions.mdb');
      await openStore({ path }).create(createSessionId(), createRecord());
      expect((await stat(path)).isFile()).toBe(true);
    });

    it('outgrows the map size that it was given', async () => {
      const store = openStore({ mapSize: 64 * 1024 });
      const record = createRecord({ fields: JSON.stringify({ text: 'x'.repeat(20_000) }), lengths: [] });
      const ids = Array.from({ length: 200 }, createSessionId);
      await Promise.all(ids.map((id) => store.create(id, record)));
      expect(await store.readMany(ids)).toEqual(ids.map(() => record));
    });
  });

  describe('closing', () => {
    it('may be closed twice, and without ever having been used', async () => {
      const store = openStore();
      await Promise.all([store.close(), store.close()]);
      await store.close();
      await expect(store.open()).rejects.toThrow(/after close\(\)/);
    });

    it('finishes what is under way', async () => {
      const store = openStore();
      const ids = Array.from({ length: 20 }, createSessionId);
      const creating = Promise.all(ids.map((id) => store.create(id, createRecord())));
      await store.close();
      expect(await creating).toEqual(ids.map(() => true));
      expect((await openStore().readMany(ids)).every((record) => record !== undefined)).toBe(true);
    });
  });

  describe('sweeping', () => {
    it('is done by a timer, by the injected clock', async () => {
      const clock = fakeClock();
      const store = openStore({ clock, sweepInterval: 5, sweepBatch: 3 });
      const ids = Array.from({ length: 20 }, createSessionId);
      const [kept] = ids;
      await Promise.all(
        ids.map((id) =>
          store.create(id, createRecord({ expiresAt: clock.now() + (id === kept ? 1_000 : 100) })),
        ),
      );
      clock.advance(99);
      const sweep = vi.spyOn(store, 'sweep');
      await vi.waitFor(() => expect(sweep.mock.settledResults.length).toBeGreaterThan(2), {
        timeout: 10_000,
      });
      expect(sweep).toHaveBeenLastCalledWith(clock.now(), Number.POSITIVE_INFINITY);
      expect((await store.readMany(ids)).every((record) => record !== undefined)).toBe(true);
      clock.advance(1);
      await vi.waitFor(
        async () => {
          const records = await store.readMany(ids);
          expect(records.filter((record) => record !== undefined)).toHaveLength(1);
        },
        { timeout: 10_000 },
      );
      expect(await store.read(kept!)).toBeDefined();
    });

    it('keeps one row of the index a session, whatever happens to it', async () => {
      const store = openStore();
      const ids = Array.from({ length: 10 }, createSessionId);
      for (const [index, id] of ids.entries()) {
        const record = createRecord({ expiresAt: 1_000 + index });
        await store.create(id, record);
        await store.touch(id, record.version, record.lastSeenAt, 2_000 + index);
        await store.touch(id, record.version, record.lastSeenAt, 2_000 + index);
        await store.replace(id, { ...changed(record), expiresAt: 3_000 + index }, record.version);
        await store.replace(id, { ...changed(record), expiresAt: 4_000 }, createVersion());
        await store.create(id, createRecord({ expiresAt: 5_000 }));
      }
      await store.remove(ids[0]!);
      expect(await withRaw(async (root) => rowsOf(root))).toEqual(
        ids.slice(1).map((id, index) => [3_001 + index, id]),
      );
      expect(await store.sweep(3_004, 100)).toBe(4);
      expect(await withRaw(async (root) => rowsOf(root))).toHaveLength(5);
    });
  });

  describe('damaged data', () => {
    it('answers garbage as a record that core takes for corrupt, and can remove it', async () => {
      const store = openStore();
      const id = createSessionId();
      await store.create(id, createRecord());
      await damage(id, Buffer.from('garbage'));
      expect(await store.read(id)).toMatchObject({ fields: '', expiresAt: 0 });
      expect(await store.readMany([id])).toMatchObject([{ fields: '' }]);
      const answer = await store.replace(id, createRecord(), createVersion());
      expect(answer).toMatchObject({ done: false, current: { fields: '' } });
      expect(await store.touch(id, createVersion(), Date.now(), Date.now())).toBe(false);
      expect(await store.create(id, createRecord())).toBe(false);
      expect(await store.remove(id)).toMatchObject({ fields: '' });
      expect(await store.read(id)).toBeUndefined();
    });

    it('sweeps garbage when the record before it expires, and rows that stand for nothing', async () => {
      const store = openStore();
      const [garbage, orphan, alive] = [createSessionId(), createSessionId(), createSessionId()];
      await Promise.all([garbage, orphan].map((id) => store.create(id, createRecord({ expiresAt: 1_000 }))));
      await store.create(alive, createRecord({ expiresAt: 9_000 }));
      await damage(garbage, Buffer.from('garbage'));
      await damage(orphan, Buffer.from('garbage'));
      await store.remove(orphan);
      await withRaw((root) =>
        root.openDB({ name: 'expiry', encoding: 'binary' }).put([500, alive], Buffer.alloc(1)),
      );
      expect(await store.sweep(2_000, 100)).toBe(1);
      expect(await store.readMany([garbage, orphan])).toEqual([undefined, undefined]);
      expect(await store.read(alive)).toBeDefined();
      expect(await withRaw(async (root) => rowsOf(root))).toEqual([[9_000, alive]]);
    });

    it('takes a record of a newer version for trouble, and removes it only when it expires', async () => {
      const store = openStore();
      const id = createSessionId();
      const record = createRecord({ expiresAt: 1_000 });
      await store.create(id, record);
      const newer = encodeRecord(record);
      newer.writeUInt8(2, 2);
      await damage(id, newer);
      await expect(store.read(id)).rejects.toThrow(/newer version/);
      await expect(store.remove(id)).rejects.toThrow(/newer version/);
      await expect(store.read(id)).rejects.toThrow(/newer version/);
      expect(await store.sweep(1_000, 10)).toBe(1);
      expect(await store.read(id)).toBeUndefined();
    });
  });
});
