import type { SessionId } from 'nest-sessions';
import { PostgresSessionStore } from 'nest-sessions/postgres';
import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { changed, createRecord, createSessionId } from '../../src/testing/contract/records.js';
import { createPool, dropTables, tableName } from '../support/postgres-subject.js';
import { holdTransaction, untilBlocked } from '../support/postgres-transaction.js';
import { hasServer } from '../support/servers/has-server.js';
import { type PostgresServer, startPostgres } from '../support/servers/postgres.server.js';
import { within } from '../support/within.js';

const hasPostgres = await hasServer('postgres', 'races on PostgreSQL');

describe.skipIf(!hasPostgres)('PostgresSessionStore while another transaction holds the row', () => {
  let server: PostgresServer;
  let pool: Pool;

  beforeAll(async () => {
    server = await startPostgres();
    pool = createPool(server.url);
  });

  afterAll(async () => {
    await pool?.end();
    await server?.stop();
  });

  describe.each(['read committed', 'repeatable read', 'serializable'])(
    'where transactions are %s',
    (level) => {
      let table: string;
      let ownPool: Pool;
      let store: PostgresSessionStore;
      let id: SessionId;

      beforeEach(async () => {
        table = tableName();
        ownPool = createPool(server.url, {
          options: `-c default_transaction_isolation=${level.replace(' ', '\\ ')}`,
        });
        store = new PostgresSessionStore({ pool: ownPool, table, createTable: true });
        await store.open();
        id = createSessionId();
      });

      afterEach(async () => {
        await store.close();
        await ownPool.end();
        await dropTables(server.url, [table]);
      });

      it('runs its statements at that level', async () => {
        const { rows } = await ownPool.query('SHOW transaction_isolation');
        expect(rows).toEqual([{ transaction_isolation: level }]);
      });

      it('P2 answers the record that won to a replace that had to wait, never the one from before', async () => {
        const record = createRecord();
        const winner = changed(record, { won: true });
        await store.create(id, record);
        const held = await holdTransaction(server.url, table);
        expect(await held.store.replace(id, winner, record.version)).toEqual({ done: true });
        const late = store.replace(id, changed(record), record.version);
        await untilBlocked(pool, table);
        await held.commit();
        expect(await late).toEqual({ done: false, current: winner });
        expect(await store.read(id)).toEqual(winner);
      });

      it('replaces after it had to wait for a touch, which changes no version', async () => {
        const record = createRecord();
        const next = changed(record);
        await store.create(id, record);
        const held = await holdTransaction(server.url, table);
        expect(await held.store.touch(id, record.version, record.lastSeenAt + 5, record.expiresAt + 5)).toBe(
          true,
        );
        const late = store.replace(id, next, record.version);
        await untilBlocked(pool, table);
        await held.commit();
        expect(await late).toEqual({ done: true });
        expect(await store.read(id)).toEqual(next);
      });

      it('P1 does nothing after it had to wait for a remove', async () => {
        const record = createRecord();
        await store.create(id, record);
        const held = await holdTransaction(server.url, table);
        expect(await held.store.remove(id)).toEqual(record);
        const replacing = store.replace(id, changed(record), record.version);
        const touching = store.touch(id, record.version, record.lastSeenAt + 5, record.expiresAt + 5);
        const removing = store.remove(id);
        await untilBlocked(pool, table, 3);
        await held.commit();
        expect(await Promise.all([replacing, touching, removing])).toEqual([
          { done: false },
          false,
          undefined,
        ]);
        expect(await store.read(id)).toBeUndefined();
      });

      it('removes what won, and touches it not, after it had to wait for a replace', async () => {
        const record = createRecord();
        const winner = changed(record, { won: true });
        await store.create(id, record);
        const held = await holdTransaction(server.url, table);
        await held.store.replace(id, winner, record.version);
        const touching = store.touch(id, record.version, record.lastSeenAt + 5, record.expiresAt + 5);
        await untilBlocked(pool, table);
        const removing = store.remove(id);
        await untilBlocked(pool, table, 2);
        await held.commit();
        expect(await touching).toBe(false);
        expect(await removing).toEqual(winner);
      });

      it('knows whose record is there after it had to wait for a create', async () => {
        const record = createRecord();
        const held = await holdTransaction(server.url, table);
        expect(await held.store.create(id, record)).toBe(true);
        const same = store.create(id, record);
        const other = store.create(id, createRecord());
        await untilBlocked(pool, table, 2);
        await held.commit();
        expect(await Promise.all([same, other])).toEqual([true, false]);
        expect(await store.read(id)).toEqual(record);
      });

      it('creates after it had to wait for a create that failed', async () => {
        const record = createRecord();
        const held = await holdTransaction(server.url, table);
        await held.store.create(id, createRecord());
        const late = store.create(id, record);
        await untilBlocked(pool, table);
        await held.rollback();
        expect(await late).toBe(true);
        expect(await store.read(id)).toEqual(record);
      });

      it.each([
        ['what expired first', 10],
        ['all there is', Number.POSITIVE_INFINITY],
      ])('sweeping %s it leaves alone what is just being touched', async (_, limit) => {
        const now = Date.now();
        const [touched, expired] = [
          createRecord({ expiresAt: now - 2 }),
          createRecord({ expiresAt: now - 1 }),
        ];
        const other = createSessionId();
        await store.create(id, touched);
        await store.create(other, expired);
        const held = await holdTransaction(server.url, table);
        const [lastSeenAt, expiresAt] = [touched.lastSeenAt + 5, now + 60_000];
        expect(await held.store.touch(id, touched.version, lastSeenAt, expiresAt)).toBe(true);
        const sweeping = store.sweep(now, limit);
        try {
          expect(await within(5_000, () => 'the sweep waits for the touch', sweeping)).toBe(1);
        } finally {
          await held.commit();
          await sweeping;
        }
        expect(await store.readMany([id, other])).toEqual([{ ...touched, lastSeenAt, expiresAt }, undefined]);
      });
    },
  );

  it('creates when whoever held the id leaves it between its two looks', async () => {
    const table = tableName();
    const store = new PostgresSessionStore({ pool, table, createTable: true });
    const id = createSessionId();
    const record = createRecord();
    await store.open();
    const held = await holdTransaction(server.url, table);
    await held.store.create(id, createRecord());
    let looks = 0;
    const meddling = {
      async query(query: Parameters<Pool['query']>[0] & { text: string }) {
        if (query.text.startsWith('SELECT coalesce')) {
          looks++;
          await store.remove(id);
        }
        return pool.query(query);
      },
    };
    const late = new PostgresSessionStore({ pool: meddling, table });
    const creating = late.create(id, record);
    await untilBlocked(pool, table);
    await held.commit();
    expect(await creating).toBe(true);
    expect(looks).toBe(1);
    expect(await store.read(id)).toEqual(record);
    await Promise.all([late.close(), store.close()]);
    await dropTables(server.url, [table]);
  });
});
