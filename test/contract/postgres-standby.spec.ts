import { StoreSetupError } from 'nest-sessions';
import { PostgresSessionStore } from 'nest-sessions/postgres';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { changed, createRecord, createSessionId } from '../../src/testing/contract/records.js';
import { startStandby } from '../support/postgres-standby.js';
import { createPool, tableName } from '../support/postgres-subject.js';
import { rejectionOf } from '../support/rejection-of.js';
import { hasServer } from '../support/servers/has-server.js';
import { type PostgresServer, startPostgres } from '../support/servers/postgres.server.js';

const hasPostgres = await hasServer('postgres', 'a standby of PostgreSQL', { own: true });

describe.skipIf(!hasPostgres)('PostgresSessionStore that is answered by a standby', () => {
  let server: PostgresServer;
  let standby: PostgresServer;
  let pools: readonly [primary: Pool, standby: Pool];

  beforeAll(async () => {
    server = await startPostgres({ own: true });
    standby = await startStandby(server);
    pools = [createPool(server.url), createPool(standby.url)];
  });

  afterAll(async () => {
    await Promise.all((pools ?? []).map((pool) => pool.end()));
    await standby?.stop();
    await server?.stop();
  });

  it('P1 takes that for trouble, where it may be told of a session that has ended, and for no wrong set-up', async () => {
    const table = tableName();
    let current = 0;
    const pool = { query: (query: Parameters<Pool['query']>[0] & object) => pools[current]!.query(query) };
    const store = new PostgresSessionStore({ pool: pools[0], table, createTable: true });
    const moved = new PostgresSessionStore({ pool, table });
    const late = new PostgresSessionStore({ pool: pools[1], table });
    const id = createSessionId();
    const record = createRecord();
    await store.create(id, record);
    expect(await moved.read(id)).toEqual(record);

    // The standby follows no further: it will know the session for ever.
    await vi.waitFor(
      async () => expect((await pools[1].query(`SELECT id FROM "${table}"`)).rows).toEqual([{ id }]),
      { timeout: 20_000 },
    );
    await pools[1].query('SELECT pg_wal_replay_pause()');
    await store.remove(id);
    current = 1;
    for (const call of [
      () => moved.read(id),
      () => moved.read(createSessionId()),
      () => moved.readMany([id]),
      () => moved.create(createSessionId(), createRecord()),
      () => moved.replace(id, changed(record), record.version),
      () => moved.touch(id, record.version, record.lastSeenAt + 1, record.expiresAt + 1),
      () => moved.remove(id),
      () => moved.sweep(Date.now(), 5),
      () => late.open(),
    ]) {
      const error = await rejectionOf(call());
      expect(error).toMatchObject({ message: expect.stringMatching(/primary/) });
      expect(error).not.toBeInstanceOf(StoreSetupError);
    }

    await pools[1].query('SELECT pg_wal_replay_resume()');
    await pools[1].query('SELECT pg_promote()');
    expect(await late.create(createSessionId(), record)).toBe(true);
    await Promise.all([store, moved, late].map((one) => one.close()));
  });
});
