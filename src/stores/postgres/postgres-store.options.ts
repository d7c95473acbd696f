import { assertWhole } from '../../core/assert-whole.js';
import type { Clock } from '../../core/clock.js';
import { LONGEST_TIMER } from '../../core/longest-timer.js';
import type { PostgresPool } from './postgres-pool.js';
import { quoteTableName } from './sql-name.js';
import type { TableWish } from './table-setup.js';

/**
 * Which table the sessions are in, how it is made and how it is emptied.
 *
 * @publicApi
 */
export interface PostgresTableOptions {
  /**
   * The name of the table, as it is; it is quoted.
   *
   * @default 'nest_sessions'
   */
  readonly table?: string | undefined;

  /**
   * The schema of the table, as it is; it must be there.
   *
   * @default what the connection's `search_path` says
   */
  readonly schema?: string | undefined;

  /**
   * Makes the table and its index if they are not there. The user needs CREATE on the schema. Otherwise run
   * {@link PostgresSessionStore.createTableSql} in a migration.
   *
   * @default false
   */
  readonly createTable?: boolean | undefined;

  /**
   * Says that the table is, and is made, `UNLOGGED`: writes cost less, a crash of the server empties it, and no standby has it.
   *
   * @default false
   */
  readonly unlogged?: boolean | undefined;

  /**
   * Whether statements are prepared, which saves the server to plan each of them: it does three times as many then. Left out, they
   * are until a connection does not know one that was prepared on it, as behind pgbouncer in transaction mode without its
   * `max_prepared_statements`; from then on the store goes on without, and no request notices. `true` makes that an error.
   * `false` is for what keeps a connection for each client that prepares, as RDS Proxy does.
   *
   * @default undefined
   */
  readonly prepare?: boolean | undefined;

  /**
   * Milliseconds between two removals of expired sessions. The timer starts with the first use and keeps no process alive.
   * What expired in the current hour is left for the next.
   *
   * @default 300_000
   */
  readonly sweepInterval?: number | undefined;

  /**
   * Expired sessions removed by one statement.
   *
   * @default 1_000
   */
  readonly sweepBatch?: number | undefined;

  /**
   * Where the time comes from.
   *
   * @default the machine's clock
   */
  readonly clock?: Clock | undefined;
}

/**
 * A store on a pool of the application's, which stays open.
 *
 * @publicApi
 */
export interface PostgresPoolOptions extends PostgresTableOptions {
  /** A `Pool` of the package `pg`, or TypeORM's. All of its connections lead to the primary server. */
  readonly pool: PostgresPool;
  readonly url?: undefined;
}

/**
 * A store with a pool of its own, which it closes.
 *
 * @publicApi
 */
export interface PostgresUrlOptions extends PostgresTableOptions {
  /** Where to connect to: `postgres://user:password@host:5432/database`. Needs the package `pg`. */
  readonly url: string;
  readonly pool?: undefined;
}

/**
 * What a {@link PostgresSessionStore} runs on.
 *
 * @publicApi
 */
export type PostgresSessionStoreOptions = PostgresPoolOptions | PostgresUrlOptions;

/** The options with their defaults, checked. */
export interface ResolvedPostgresOptions extends TableWish {
  readonly connection: { readonly pool: PostgresPool } | { readonly url: string };
  /** The quoted name. */
  readonly name: string;
  readonly prepare: boolean | undefined;
  readonly sweepInterval: number;
  readonly sweepBatch: number;
}

/** The table when none is named. */
export const DEFAULT_TABLE = 'nest_sessions';

/**
 * @throws TypeError when there is neither a pool nor a URL, or both, or a name is none.
 * @throws RangeError when a number is not usable.
 */
export function resolvePostgresOptions(options: PostgresSessionStoreOptions): ResolvedPostgresOptions {
  const { table = DEFAULT_TABLE, schema, sweepInterval = 300_000, sweepBatch = 1_000 } = options;
  assertWhole('PostgresSessionStore', 'sweepInterval', sweepInterval, LONGEST_TIMER);
  assertWhole('PostgresSessionStore', 'sweepBatch', sweepBatch, 10_000);
  return {
    connection: connectionOf(options),
    table,
    schema,
    name: quoteTableName({ table, schema }),
    createTable: options.createTable ?? false,
    unlogged: options.unlogged ?? false,
    prepare: options.prepare ?? undefined,
    sweepInterval,
    sweepBatch,
  };
}

/** Never says what it was given: a URL has the password in it. */
function connectionOf({ pool, url }: PostgresSessionStoreOptions): ResolvedPostgresOptions['connection'] {
  if ((pool === undefined) === (url === undefined)) {
    throw new TypeError(
      'PostgresSessionStore needs either a pool or a url. Give it the Pool of pg that the application has, ' +
        'new PostgresSessionStore({ pool }), or a url, and it opens one: new PostgresSessionStore({ url }).',
    );
  }
  if (pool === undefined) {
    if (typeof url !== 'string' || !/^postgres(ql)?:\/\//.test(url)) {
      throw new TypeError(
        'PostgresSessionStore cannot use its url. Give one that begins with postgres:// or postgresql://.',
      );
    }
    return { url };
  }
  if (typeof pool?.query !== 'function') {
    throw new TypeError('PostgresSessionStore got a pool without query(). Give it a Pool of the package pg.');
  }
  return { pool };
}
