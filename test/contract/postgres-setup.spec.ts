import { StoreSetupError } from 'nest-sessions';
import { type PostgresPoolOptions, PostgresSessionStore } from 'nest-sessions/postgres';
import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRecord, createSessionId, IDLE, textOf } from '../../src/testing/contract/records.js';
import { createPool, tableName } from '../support/postgres-subject.js';
import { hasServer } from '../support/servers/has-server.js';
import { type PostgresServer, startPostgres } from '../support/servers/postgres.server.js';

const hasPostgres = await hasServer('postgres', 'the table on PostgreSQL');
const HOUR = 3_600_000;

describe.skipIf(!hasPostgres)('the table of PostgresSessionStore', () => {
  let server: PostgresServer;
  let pool: Pool;
  let table: string;
  let stores: PostgresSessionStore[];
  let pools: Pool[];

  function openStore(options: Partial<PostgresPoolOptions> = {}): PostgresSessionStore {
    const store = new PostgresSessionStore({ table, ...options, pool: options.pool ?? pool });
    stores.push(store);
    return store;
  }

  function anotherPool(url = server.url): Pool {
    const another = createPool(url);
    pools.push(another);
    return another;
  }

  /** The server's address for somebody else, or another database. */
  function urlFor(parts: { user?: string; database?: string }): string {
    const url = new URL(server.url);
    url.username = parts.user ?? url.username;
    url.pathname = parts.database ?? url.pathname;
    return url.href;
  }

  beforeAll(async () => {
    server = await startPostgres({ own: true });
    pool = createPool(server.url);
  });

  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });

  beforeEach(() => {
    table = tableName();
    stores = [];
    pools = [];
  });

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await Promise.all(pools.map((one) => one.end()));
    await pool.query(`DROP TABLE IF EXISTS "${table}"`);
  });

  describe('making it', () => {
    it('is done once by eight processes that start at the same moment', async () => {
      const eight = Array.from({ length: 8 }, () => anotherPool());
      await Promise.all(eight.map((one) => one.query('SELECT 1')));
      for (let round = 0; round < 20; round++) {
        const others = eight.map((one) => openStore({ pool: one, createTable: true }));
        await Promise.all(others.map((store) => store.open()));
        const { rows } = await pool.query(
          'SELECT count(*)::int AS indexes FROM pg_index WHERE indrelid = to_regclass($1)',
          [table],
        );
        expect(rows).toEqual([{ indexes: 2 }]);
        await Promise.all(others.map((store) => store.create(createSessionId(), createRecord())));
        await pool.query(`DROP TABLE "${table}"`);
      }
    });

    it('is done by the first call when nobody called open()', async () => {
      const id = createSessionId();
      const record = createRecord();
      const store = openStore({ createTable: true });
      expect(await store.create(id, record)).toBe(true);
      expect(await openStore().read(id)).toEqual(record);
    });

    it('is done by the SQL that is exported', async () => {
      await pool.query(PostgresSessionStore.createTableSql({ table }));
      await openStore().open();
      await openStore({ createTable: true }).open();
      const { rows } = await pool.query('SELECT relpersistence FROM pg_class WHERE oid = to_regclass($1)', [
        table,
      ]);
      expect(rows).toEqual([{ relpersistence: 'p' }]);
    });

    it.each(['Sessions', 'my sessions  of "mine"', "it's; DROP TABLE x--", 'sitzungen_ü漢', 'select'])(
      'keeps to the name %j, in a schema of that name too',
      async (name) => {
        const quoted = `"${name.replaceAll('"', '""')}"`;
        await pool.query(`CREATE SCHEMA ${quoted}`);
        for (const names of [{ table: name }, { table: name, schema: name }]) {
          const store = openStore({ ...names, createTable: true });
          const id = createSessionId();
          const record = createRecord({ expiresAt: 1_000 });
          await store.create(id, record);
          expect(await store.readMany([id])).toEqual([record]);
          expect(await store.sweep(2_000, 5)).toBe(1);
        }
        const { rows } = await pool.query(
          'SELECT relnamespace::regnamespace::text AS schema FROM pg_class WHERE relname = $1 ORDER BY 1',
          [name],
        );
        expect(rows).toHaveLength(2);
        await pool.query(`DROP TABLE ${quoted}; DROP SCHEMA ${quoted} CASCADE`);
      },
    );

    it('is refused to a user who may not, with what to do', async () => {
      await pool.query('CREATE ROLE guest LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC');
      const store = openStore({ pool: anotherPool(urlFor({ user: 'guest' })), createTable: true });
      await expect(store.open()).rejects.toThrow(/may not make the table.*grant the user CREATE/s);
      await expect(store.open()).rejects.toBeInstanceOf(StoreSetupError);
      await expect(openStore({ schema: 'nowhere', createTable: true }).open()).rejects.toThrow(
        /"nowhere".*its schema is not there/s,
      );
      await pool.query(PostgresSessionStore.createTableSql({ table }));
      await expect(store.open()).rejects.toThrow(/may not do all.*Grant the user SELECT, INSERT/s);
      await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON "${table}" TO guest`);
      const id = createSessionId();
      expect(await store.create(id, createRecord())).toBe(true);
      expect(await store.remove(id)).toBeDefined();
    });
  });

  describe('looking at it', () => {
    it('P11 says that it is missing and how to make it, and works as soon as it is there', async () => {
      const store = openStore();
      await expect(store.open()).rejects.toBeInstanceOf(StoreSetupError);
      await expect(store.open()).rejects.toThrow(
        new RegExp(`found no table "${table}".*createTableSql\\(\\).*createTable: true`, 's'),
      );
      await expect(store.read(createSessionId())).rejects.toThrow(/found no table/);
      await pool.query(PostgresSessionStore.createTableSql({ table }));
      expect(await store.read(createSessionId())).toBeUndefined();
    });

    it('says what to do when it goes missing later', async () => {
      const store = openStore({ createTable: true });
      await store.open();
      await pool.query(`DROP TABLE "${table}"`);
      await expect(store.read(createSessionId())).rejects.toThrow(/42P01.*Make the table/s);
    });

    it.each([
      [
        'another program’s',
        'sid varchar PRIMARY KEY, sess json, expire timestamp',
        /id should be text and is missing/,
      ],
      ['one whose fields are jsonb', undefined, /fields should be json and is jsonb/],
    ])('P11 refuses %s', async (_, columns, message) => {
      await pool.query(
        columns === undefined
          ? PostgresSessionStore.createTableSql({ table }).replace('fields json', 'fields jsonb')
          : `CREATE TABLE "${table}" (${columns})`,
      );
      const opening = openStore({ createTable: true }).open();
      await expect(opening).rejects.toBeInstanceOf(StoreSetupError);
      await expect(opening).rejects.toThrow(message);
    });

    it('P11 refuses one without its primary key, where an id could be stored twice', async () => {
      await pool.query(PostgresSessionStore.createTableSql({ table }).replace('PRIMARY KEY', 'NOT NULL'));
      await expect(openStore().open()).rejects.toThrow(/one id can be stored twice.*ADD PRIMARY KEY/s);
    });

    it('P11 refuses an unlogged one that nobody asked for', async () => {
      await pool.query(PostgresSessionStore.createTableSql({ table, unlogged: true }));
      await expect(openStore().open()).rejects.toThrow(/unlogged.*crash.*SET LOGGED/s);
      await openStore({ unlogged: true }).open();
    });

    it('P11 refuses a database that has not all characters', async () => {
      await pool.query(
        `CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`,
      );
      const opening = openStore({
        pool: anotherPool(urlFor({ database: 'latin' })),
        createTable: true,
      }).open();
      await expect(opening).rejects.toBeInstanceOf(StoreSetupError);
      await expect(opening).rejects.toThrow(/LATIN1.*UTF8/s);
    });

    it('P11 refuses a server older than 13', async () => {
      const old = {
        async query(query: { text: string }) {
          const { rows } = await pool.query(query);
          return { rows: rows.map((row) => ({ ...row, version: '120022' })) };
        },
      };
      await expect(openStore({ pool: old }).open()).rejects.toThrow(/PostgreSQL 12.*13 or newer/s);
    });
  });

  describe('what is in it', () => {
    it('can be asked with SQL', async () => {
      const store = openStore({ createTable: true });
      const now = Date.now();
      await store.create(createSessionId(), createRecord(textOf({ email: 'a@b.c', cart: [1, 2] })));
      await store.create(
        createSessionId(),
        createRecord({ ...textOf({ email: 'old@b.c' }), expiresAt: now - 1 }),
      );
      const { rows } = await pool.query(
        `SELECT fields->>'email' AS email, (fields::jsonb @> '{"cart":[2]}') AS has,
           to_timestamp(expires_at / 1000.0) > now() AS alive
         FROM "${table}" ORDER BY email`,
      );
      expect(rows).toEqual([
        { email: 'a@b.c', has: true, alive: true },
        { email: 'old@b.c', has: false, alive: false },
      ]);
    });

    it('is touched without a write to an index, as long as the hour of its end is the same', async () => {
      const store = openStore({ createTable: true });
      const start = Math.floor(Date.now() / HOUR) * HOUR;
      const records = Array.from({ length: 100 }, () => {
        const record = createRecord({ ...textOf({ text: 'x'.repeat(1_000) }), lastSeenAt: start });
        return { id: createSessionId(), record: { ...record, expiresAt: start + IDLE } };
      });
      await Promise.all(records.map(({ id, record }) => store.create(id, record)));
      const touches = 20;
      for (let step = 1; step <= touches; step++) {
        for (const { id, record } of records) {
          await store.touch(id, record.version, start + step, record.expiresAt + step);
        }
      }
      const { updated, hot } = await updates(records.length * touches);
      expect(hot / updated).toBeGreaterThan(0.9);
      await store.sweep(start, 10);
      const plan = await pool.query(
        `SET LOCAL enable_seqscan = off; EXPLAIN SELECT id FROM "${table}" WHERE expires_hour <= 5 ORDER BY expires_hour LIMIT 10`,
      );
      expect(JSON.stringify(plan)).toMatch(/Index Scan/);
    });

    /** How the rows were updated; a server tells that a little later. */
    function updates(least: number): Promise<{ updated: number; hot: number }> {
      return vi.waitFor(
        async () => {
          const { rows } = await pool.query(
            'SELECT n_tup_upd::int AS updated, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables WHERE relname = $1',
            [table],
          );
          expect(rows[0].updated).toBeGreaterThanOrEqual(least);
          return rows[0];
        },
        { timeout: 30_000, interval: 200 },
      );
    }
  });
});
