import { randomBytes } from 'node:crypto';
import { PostgresSessionStore, type PostgresTableOptions } from 'nest-sessions/postgres';
import type { ContractSubject } from 'nest-sessions/testing';
import { Pool, type PoolConfig } from 'pg';

/** A name that no other test has, so that a server can be shared. */
export function tableName(): string {
  return `sessions_${randomBytes(6).toString('hex')}`;
}

/** A pool as applications have one. */
export function createPool(url: string, options: PoolConfig = {}): Pool {
  const pool = new Pool({ connectionString: url, ...options });
  pool.on('error', () => undefined);
  return pool;
}

/** Drops tables, and ends the pool that was opened for that. */
export async function dropTables(url: string, tables: readonly string[]): Promise<void> {
  const pool = createPool(url, { max: 1 });
  try {
    for (const table of tables) {
      await pool.query(`DROP TABLE IF EXISTS "${table}"`);
    }
  } finally {
    await pool.end();
  }
}

/** A store on a table of its own, on a pool of its own; more handles have pools of their own too. */
export async function postgresSubject(
  url: string,
  options: PostgresTableOptions = {},
  poolOptions: PoolConfig = {},
): Promise<ContractSubject & { readonly store: PostgresSessionStore }> {
  const table = tableName();
  const opened: { store: PostgresSessionStore; pool: Pool }[] = [];
  const open = () => {
    const pool = createPool(url, poolOptions);
    const store = new PostgresSessionStore({ pool, table, createTable: true, ...options });
    opened.push({ store, pool });
    return store;
  };
  return {
    store: open(),
    reopen: async () => open(),
    async close() {
      await Promise.all(opened.map(({ store }) => store.close()));
      await Promise.all(opened.map(({ pool }) => pool.end()));
      await dropTables(url, [table]);
    },
  };
}
