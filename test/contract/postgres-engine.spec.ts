import { inspect } from 'node:util';
import { fakeClock } from 'nest-sessions/testing';
import { PostgresSessionStore, type PostgresQuery } from 'nest-sessions/postgres';
import { type Pool, type PoolConfig, types } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  changed,
  createRecord,
  createSessionId,
  createVersion,
  principal,
  textOf,
} from '../../src/testing/contract/records.js';
import { createPool, dropTables, postgresSubject, tableName } from '../support/postgres-subject.js';
import { rejectionOf } from '../support/rejection-of.js';
import { hasServer } from '../support/servers/has-server.js';
import { startPgbouncer, startPostgres, type PostgresServer } from '../support/servers/postgres.server.js';
import { startProxy } from '../support/servers/tcp-proxy.js';
import { within } from '../support/within.js';

const HOUR = 3_600_000;

/** An option of pg that its types leave out. */
const BINARY: PoolConfig & { binary: boolean } = { binary: true };
const hasPostgres = await hasServer('postgres', 'PostgresSessionStore and its engine');
const hasPgbouncer = await hasServer('pgbouncer', 'prepared statements behind pgbouncer');

describe.skipIf(!hasPostgres)('PostgresSessionStore', () => {
  let server: PostgresServer;
  let pool: Pool;
  let table: string;

  beforeAll(async () => {
    server = await startPostgres();
    pool = createPool(server.url);
  });

  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });

  beforeEach(() => {
    table = tableName();
  });

  afterEach(async () => {
    await dropTables(server.url, [table]);
  });

  describe('talking to the server', () => {
    /** Counts what is sent; each statement is one round trip. */
    function counting(through = pool) {
      const sent: PostgresQuery[] = [];
      return {
        sent,
        query(query: PostgresQuery) {
          sent.push(query);
          return through.query(query);
        },
      };
    }

    it('makes one round trip an operation', async () => {
      const counted = counting();
      const store = new PostgresSessionStore({ pool: counted, table, createTable: true });
      await store.open();
      const id = createSessionId();
      const record = createRecord();
      const next = changed(record);
      const trips: Record<string, number> = {};
      const count = async (name: string, work: () => Promise<unknown>) => {
        const before = counted.sent.length;
        await work();
        trips[name] = counted.sent.length - before;
      };
      await count('create', () => store.create(id, record));
      await count('create again', () => store.create(id, record));
      await count('create, taken', () => store.create(id, createRecord()));
      await count('read', () => store.read(id));
      await count('read, none', () => store.read(createSessionId()));
      await count('readMany', () => store.readMany([id, id, createSessionId()]));
      await count('readMany, none', () => store.readMany([]));
      await count('touch', () => store.touch(id, record.version, record.lastSeenAt, record.expiresAt));
      await count('replace', () => store.replace(id, next, record.version));
      await count('replace, conflict', () => store.replace(id, changed(record), record.version));
      await count('replace, gone', () => store.replace(createSessionId(), next, record.version));
      await count('remove', () => store.remove(id));
      await count('sweep', () => store.sweep(Date.now(), 10));
      expect(trips).toEqual({
        create: 1,
        'create again': 1,
        'create, taken': 1,
        read: 1,
        'read, none': 1,
        readMany: 1,
        'readMany, none': 0,
        touch: 1,
        replace: 1,
        'replace, conflict': 2,
        'replace, gone': 2,
        remove: 1,
        sweep: 1,
      });
      await store.close();
    });

    it('names no statement when it is told not to prepare them', async () => {
      const counted = counting();
      const store = new PostgresSessionStore({ pool: counted, table, createTable: true, prepare: false });
      await store.read(createSessionId());
      expect(counted.sent.map(({ name }) => name)).not.toContainEqual(expect.anything());
      await store.close();
    });

    it('names its statements by their text', async () => {
      const names = new Map<string, string>();
      for (const suffix of ['', '_2']) {
        const counted = counting();
        const store = new PostgresSessionStore({
          pool: counted,
          table: table + suffix,
          createTable: true,
        });
        for (let turn = 0; turn < 2; turn++) {
          const id = createSessionId();
          const record = createRecord();
          await store.create(id, record);
          await store.replace(id, changed(record), record.version);
          await store.read(id);
        }
        await store.close();
        for (const { name = '', text } of counted.sent.filter(
          (query) => !query.text.includes('CREATE TABLE'),
        )) {
          expect(name).toMatch(/^nest-sessions-.{5,49}$/);
          expect(names.get(name) ?? text).toBe(text);
          names.set(name, text);
        }
      }
      expect(names.size).toBe(1 + 2 * 3);
      await dropTables(server.url, [`${table}_2`]);
    });

    it.skipIf(!hasPgbouncer)('says why prepared statements fail behind pgbouncer', async () => {
      const pgbouncer = await startPgbouncer(server);
      const bounced = createPool(pgbouncer.url, { max: 20 });
      const store = new PostgresSessionStore({ pool: bounced, table, createTable: true, prepare: true });
      try {
        const reading = async () => {
          for (let turn = 0; turn < 20; turn++) {
            await Promise.all(Array.from({ length: 20 }, () => store.read(createSessionId())));
          }
        };
        const error = await rejectionOf(reading());
        expect(error).toMatchObject({
          message: expect.stringMatching(/\((26000|42P05)\).*pgbouncer.*set prepare: false/),
        });
      } finally {
        await store.close();
        await bounced.end();
        await pgbouncer.stop();
      }
    });

    it.each(['does not know', 'has already'])(
      'prepares nothing any more after a statement that its connection %s',
      async (trouble) => {
        const single = createPool(server.url, { max: 1 });
        const counted = counting(single);
        const store = new PostgresSessionStore({ pool: counted, table, createTable: true });
        const id = createSessionId();
        const record = createRecord();
        await store.create(id, record);
        await store.read(id);
        const { name = '', text } = counted.sent.at(-1) ?? {};
        expect(name).not.toBe('');
        if (trouble === 'has already') {
          // What a pooler does: the next connection is one that another client has used.
          (await single.connect()).release(true);
          await single.query(`PREPARE "${name}" AS ${text}`);
        } else {
          await single.query('DEALLOCATE ALL');
        }
        const before = counted.sent.length;
        expect(await store.read(id)).toEqual(record);
        expect(await store.read(id)).toEqual(record);
        expect(counted.sent.slice(before).map((sent) => sent.name)).toEqual([name, undefined, undefined]);
        await store.close();
        await single.end();
      },
    );

    it('goes on by itself when its connections were cut', async () => {
      const proxy = await startProxy(server);
      const url = new URL(server.url);
      url.port = String(proxy.port);
      const store = new PostgresSessionStore({ url: url.href, table, createTable: true });
      const id = createSessionId();
      const record = createRecord();
      await Promise.all([store.create(id, record), ...Array.from({ length: 5 }, () => store.read(id))]);
      proxy.cut();
      await vi.waitFor(async () => expect(await store.read(id)).toEqual(record), { timeout: 10_000 });
      await store.close();
      await proxy.stop();
    });
  });

  describe('keeping exactly what it was given', () => {
    it('whatever the application makes of the types of PostgreSQL', async () => {
      const oids = [20, 23, 25, 114, 16, 1043];
      const before = oids.map((oid) => [oid, types.getTypeParser(oid)] as const);
      oids.forEach((oid) => types.setTypeParser(oid, () => ({ strange: true })));
      const subject = await postgresSubject(server.url);
      try {
        const { store } = subject;
        const id = createSessionId();
        const record = createRecord({ principal: principal('u1'), expiresAt: 1_000 });
        const next = changed(record);
        expect(await store.create(id, record)).toBe(true);
        expect(await store.create(id, record)).toBe(true);
        expect(await store.create(id, next)).toBe(false);
        expect(await store.read(id)).toEqual(record);
        expect(await store.readMany([id])).toEqual([record]);
        expect(await store.replace(id, next, createVersion())).toEqual({ done: false, current: record });
        expect(await store.replace(id, next, record.version)).toEqual({ done: true });
        expect(await store.remove(id)).toEqual(next);
        await store.create(id, record);
        expect(await store.sweep(1_000, 5)).toBe(1);
      } finally {
        await subject.close();
        before.forEach(([oid, parse]) => types.setTypeParser(oid, parse));
      }
    });

    it('on a pool that takes its answers in binary', async () => {
      const subject = await postgresSubject(server.url, {}, BINARY);
      const id = createSessionId();
      const record = createRecord({ ...textOf({ text: '漢🦊' }), principal: principal('ü') });
      await subject.store.create(id, record);
      expect(await subject.store.read(id)).toEqual(record);
      expect(await subject.store.create(id, changed(record))).toBe(false);
      expect(await subject.store.remove(id)).toEqual(record);
      await subject.close();
    });

    it('or refuses what no text of PostgreSQL can be', async () => {
      const store = new PostgresSessionStore({ pool, table, createTable: true });
      const id = createSessionId();
      for (const [odd, message] of [
        [{ principal: principal('\uD800') }, /principal with a lone surrogate/],
        [{ fields: '{"a":"\uDC00"}' }, /fields with a lone surrogate/],
        [{ meta: '"\uDC00"' }, /meta with a lone surrogate/],
        [{ principal: principal('a\0b') }, /could not run a statement/],
        [{ expiresAt: 1.5 }, /could not run a statement/],
      ] as const) {
        await expect(store.create(id, createRecord(odd))).rejects.toThrow(message);
      }
      expect(await store.read(id)).toBeUndefined();
      await store.close();
    });
  });

  describe('meeting rows that somebody wrote by hand', () => {
    it.each([
      ['no fields', 'fields = NULL'],
      ['no version', 'version = NULL'],
      ['no handle', 'handle = NULL'],
      ['no meta', 'meta = NULL'],
      ['a time that no number holds', 'created_at = 9223372036854775807'],
    ])(
      'P8 answers one with %s as a record that core takes for corrupt, and can remove it',
      async (_, change) => {
        const store = new PostgresSessionStore({ pool, table, createTable: true });
        const id = createSessionId();
        await store.create(id, createRecord());
        const [column] = change.split(' ');
        await pool.query(`ALTER TABLE "${table}" ALTER ${column} DROP NOT NULL`);
        await pool.query(`UPDATE "${table}" SET ${change}`);
        const corrupt = { format: 1, version: -1, fields: '', expiresAt: 0 };
        expect(await store.read(id)).toMatchObject(corrupt);
        expect(await store.readMany([id])).toMatchObject([corrupt]);
        expect(await store.replace(id, createRecord(), createVersion())).toMatchObject({
          done: false,
          current: corrupt,
        });
        expect(await store.create(id, createRecord())).toBe(false);
        expect(await store.remove(id)).toMatchObject(corrupt);
        expect(await store.read(id)).toBeUndefined();
        await store.close();
      },
    );

    it('P8 answers fields and lengths as they are, whatever they are', async () => {
      const store = new PostgresSessionStore({ pool, table, createTable: true });
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      await pool.query(`UPDATE "${table}" SET fields = ' [1 ,2]', lengths = 'none'`);
      expect(await store.read(id)).toEqual({ ...record, fields: ' [1 ,2]', lengths: [] });
      for (const lengths of ['007,1', '1,,2', '-1', '1.5', '[1]', '1],[2', '9'.repeat(40)]) {
        await pool.query(`UPDATE "${table}" SET lengths = '${lengths}'`);
        expect(await store.read(id)).toMatchObject({ lengths: [] });
      }
      await store.close();
    });
  });

  describe('sweeping', () => {
    it('is done by a timer, by the injected clock, one whole hour after the other', async () => {
      const clock = fakeClock();
      const start = clock.now();
      const store = new PostgresSessionStore({
        pool,
        table,
        createTable: true,
        clock,
        sweepInterval: 5,
        sweepBatch: 3,
      });
      const ids = Array.from({ length: 20 }, createSessionId);
      await Promise.all(
        ids.map((id, index) =>
          store.create(id, createRecord({ expiresAt: start + (index < 10 ? HOUR - 1 : HOUR) })),
        ),
      );
      const sweep = vi.spyOn(store, 'sweep');
      const afterTwoSweeps = async () => {
        const before = sweep.mock.settledResults.length;
        await vi.waitFor(() => expect(sweep.mock.settledResults.length).toBeGreaterThan(before + 2), {
          timeout: 10_000,
        });
        return (await store.readMany(ids)).filter((record) => record !== undefined).length;
      };
      clock.set(start + HOUR - 1);
      expect(await afterTwoSweeps()).toBe(20);
      clock.set(start + HOUR + 59_999);
      expect(await afterTwoSweeps()).toBe(20);
      clock.set(start + HOUR + 60_000);
      expect(await afterTwoSweeps()).toBe(10);
      expect(sweep).toHaveBeenLastCalledWith(start + HOUR - 1, Number.POSITIVE_INFINITY);
      clock.set(start + 2 * HOUR + 60_000);
      expect(await afterTwoSweeps()).toBe(0);
      await store.close();
    });

    it('takes as many batches as there are, in both of its ways', async () => {
      const store = new PostgresSessionStore({ pool, table, createTable: true, sweepBatch: 3 });
      const ids = Array.from({ length: 20 }, createSessionId);
      await Promise.all(ids.map((id, index) => store.create(id, createRecord({ expiresAt: index }))));
      expect(await store.sweep(100, 7)).toBe(7);
      expect(await store.read(ids[6]!)).toBeUndefined();
      expect(await store.read(ids[7]!)).toBeDefined();
      expect(await store.sweep(100.5, Number.POSITIVE_INFINITY)).toBe(13);
      await store.close();
    });
  });

  describe('closing', () => {
    it('leaves a pool open that it was given, and closes the one that it opened', async () => {
      const given = new PostgresSessionStore({ pool, table, createTable: true });
      await given.open();
      await Promise.all([given.close(), given.close()]);
      await expect(given.open()).rejects.toThrow(/after close\(\)/);
      expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);

      const proxy = await startProxy(server);
      const url = new URL(server.url);
      url.port = String(proxy.port);
      const own = new PostgresSessionStore({ url: url.href, table });
      await own.read(createSessionId());
      expect(proxy.connections).toBe(1);
      await own.close();
      await vi.waitFor(() => expect(proxy.connections).toBe(0), { timeout: 5_000 });
      await proxy.stop();
    });

    it('may come twice, and without ever having been used', async () => {
      const store = new PostgresSessionStore({ url: server.url });
      await Promise.all([store.close(), store.close()]);
      await expect(store.read(createSessionId())).rejects.toThrow(/after close\(\)/);
    });

    it('finishes what is under way', async () => {
      const store = new PostgresSessionStore({ url: server.url, table, createTable: true });
      const ids = Array.from({ length: 30 }, createSessionId);
      const creating = Promise.all(ids.map((id) => store.create(id, createRecord())));
      await store.close();
      expect(await creating).toEqual(ids.map(() => true));
    });
  });

  describe('failing', () => {
    const PASSWORD = 'pass-w0rd-of-the-test';

    /** The error with all that a logger could print of it, and of the store. */
    async function toldBy(store: PostgresSessionStore, call: () => Promise<unknown>): Promise<string> {
      const error = await within(15_000, () => 'no error', rejectionOf(call()));
      expect(error).toBeInstanceOf(Error);
      return inspect([error, store], { depth: 20, showHidden: true }) + JSON.stringify(error);
    }

    it('P7 tells no password and no address, whatever is wrong with the connection', async () => {
      const { host, port } = server;
      for (const [url, message] of [
        [`postgres://postgres:${PASSWORD}@${host}:1/postgres`, /ECONNREFUSED/],
        [`postgres://nobody-here:${PASSWORD}@${host}:${port}/postgres`, /28000/],
        [`postgres://postgres:${PASSWORD}@${host}:${port}/no-database-here`, /3D000/],
        [`postgres://postgres:${PASSWORD}@no.such.host.invalid/postgres`, /ENOTFOUND|EAI_AGAIN/],
        [`postgres://postgres:${PASSWORD}@[bad/postgres`, /cannot use its url/],
      ] as const) {
        const store = new PostgresSessionStore({ url, table });
        const told = await toldBy(store, () => store.open());
        expect(told).toMatch(message);
        expect(told).not.toContain(PASSWORD);
        await store.close();
      }
    });

    it('P7 tells nothing of what is in the session', async () => {
      const store = new PostgresSessionStore({ pool, table, createTable: true });
      const told = await toldBy(store, () =>
        store.create(createSessionId(), createRecord({ fields: '{"email":"private@b.c", oops}' })),
      );
      expect(told).toMatch(/invalid input syntax for type json/);
      expect(told).not.toContain('private@b.c');
      await store.close();
    });
  });
});
