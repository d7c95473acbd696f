import { Client, type Pool } from 'pg';
import { PostgresSessionStore } from 'nest-sessions/postgres';
import { vi } from 'vitest';

/** A store whose changes are in one transaction, which the test ends when it likes. */
export interface HeldTransaction {
  readonly store: PostgresSessionStore;
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** Begins a transaction on a connection of its own. */
export async function holdTransaction(url: string, table: string): Promise<HeldTransaction> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const store = new PostgresSessionStore({ pool: client, table });
  await store.open();
  await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
  const end = async (how: 'COMMIT' | 'ROLLBACK') => {
    await client.query(how);
    await store.close();
    await client.end();
  };
  return { store, commit: () => end('COMMIT'), rollback: () => end('ROLLBACK') };
}

/** Waits until so many statements on the table wait for somebody's lock. */
export async function untilBlocked(pool: Pool, table: string, statements = 1): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rows } = await pool.query(
        `SELECT count(*)::int AS blocked FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND strpos(query, $1) > 0`,
        [table],
      );
      if (rows[0].blocked !== statements) {
        throw new Error(`${rows[0].blocked} statements wait for a lock.`);
      }
    },
    { timeout: 10_000, interval: 5 },
  );
}
