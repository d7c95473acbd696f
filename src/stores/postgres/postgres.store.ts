import { systemClock, type Clock } from '../../core/clock.js';
import type { SessionId, SessionRecord, Version } from '../../core/record.js';
import {
  type ForgottenListener,
  ForgottenListeners,
  type ReportingStore,
} from '../../core/reporting-store.js';
import { SessionStore, type Replaced, type SweepingStore } from '../../core/session-store.js';
import { StoreLifecycle } from '../../core/store-lifecycle.js';
import { SweepTimer } from '../../core/sweep-timer.js';
import type { OwnPool } from './load-pg.js';
import { openPool } from './open-pool.js';
import type { PostgresPool } from './postgres-pool.js';
import {
  DEFAULT_TABLE,
  resolvePostgresOptions,
  type PostgresSessionStoreOptions,
  type PostgresTableOptions,
  type ResolvedPostgresOptions,
} from './postgres-store.options.js';
import { SessionTable } from './session-table.js';
import { StatementRunner } from './statement-runner.js';
import { statementsFor } from './statements.js';
import { createTableSql, HOUR } from './table-definition.js';
import { setUpTable } from './table-setup.js';

/** How far the clocks of servers may be apart for the timer to remove nothing early, in milliseconds. */
const SKEW = 60_000;

/**
 * Keeps sessions in a PostgreSQL table, one row each, which SQL can read. PostgreSQL 13 or newer; `pg` 8, TypeORM's pool
 * included, straight or through pgbouncer. Every operation is one statement, a replace that lost to another one two, and no
 * connection is held between them.
 *
 * The table is looked at by the first call; {@link open} does it earlier, so that a wrong set-up fails at boot. Durable
 * is what the server calls committed: see `synchronous_commit` and {@link PostgresTableOptions.unlogged}.
 *
 * @example
 * SessionModule.forRootAsync({
 *   inject: [Pool],
 *   useFactory: (pool: Pool) => ({ secret, store: new PostgresSessionStore({ pool, createTable: true }) }),
 * })
 *
 * @publicApi
 */
export class PostgresSessionStore extends SessionStore implements SweepingStore, ReportingStore {
  readonly #options: ResolvedPostgresOptions;
  readonly #clock: Clock;
  readonly #life = new StoreLifecycle<SessionTable>({
    store: 'PostgresSessionStore',
    open: () => this.#openTable(),
    close: async () => {
      this.#sweeper.stop();
      await this.#ownPool?.end();
    },
  });
  readonly #sweeper: SweepTimer;
  readonly #forgotten = new ForgottenListeners();
  #ownPool: OwnPool | undefined;

  /**
   * @throws TypeError when there is neither a pool nor a URL, or both, or a name is none.
   * @throws RangeError when a number is not usable.
   */
  constructor(options: PostgresSessionStoreOptions) {
    super();
    this.#options = resolvePostgresOptions(options);
    this.#clock = options.clock ?? systemClock;
    this.#sweeper = new SweepTimer(this.#options.sweepInterval, () => this.#sweepHours());
  }

  /**
   * The SQL that makes the table and its index, for a migration. It says what `createTable: true` would do.
   *
   * @throws TypeError when PostgreSQL could not have a table or schema of that name.
   *
   * @example
   * await queryRunner.query(PostgresSessionStore.createTableSql({ schema: 'app' }));
   */
  static createTableSql(options: Pick<PostgresTableOptions, 'table' | 'schema' | 'unlogged'> = {}): string {
    const { table = DEFAULT_TABLE, schema, unlogged = false } = options;
    return createTableSql({ table, schema }, unlogged);
  }

  /**
   * Looks at the server and the table now instead of with the first call, and makes the table if that was asked for.
   *
   * @throws {StoreSetupError} when the table is missing or another one, or the server cannot keep sessions.
   * @throws Error when the server is in trouble, or `pg` is needed and not installed.
   */
  override open(): Promise<void> {
    return this.#life.run(async () => undefined);
  }

  read(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#life.run((table) => table.read(id));
  }

  override readMany(ids: readonly SessionId[]): Promise<(SessionRecord | undefined)[]> {
    return this.#life.run((table) => table.readMany(ids));
  }

  create(id: SessionId, record: SessionRecord): Promise<boolean> {
    return this.#life.run((table) => table.create(id, record));
  }

  replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
    return this.#life.run((table) => table.replace(id, record, expected));
  }

  touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number): Promise<boolean> {
    return this.#life.run((table) => table.touch(id, expected, lastSeenAt, expiresAt));
  }

  remove(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#life.run((table) => table.remove(id));
  }

  /** Any number of processes may sweep at once. */
  sweep(now: number, limit: number): Promise<number> {
    return this.#life.run(async (table) => {
      const isLimited = limit !== Number.POSITIVE_INFINITY;
      let removed = 0;
      while (removed < limit && !this.#life.isClosing) {
        const batch = Math.min(this.#options.sweepBatch, limit - removed);
        const went = await this.#removeExpired(table, now, batch, isLimited);
        removed += went;
        if (went < batch) {
          break;
        }
      }
      return removed;
    });
  }

  onForgotten(listener: ForgottenListener): () => void {
    return this.#forgotten.add(listener);
  }

  /** Finishes what is under way, and closes the pool if the store opened it; every call after it rejects. */
  override close(): Promise<void> {
    return this.#life.close();
  }

  async #removeExpired(
    table: SessionTable,
    now: number,
    limit: number,
    firstGoesFirst: boolean,
  ): Promise<number> {
    if (this.#forgotten.isEmpty) {
      return table.removeExpired(now, limit, firstGoesFirst);
    }
    const gone = await table.forgetExpired(now, limit, firstGoesFirst);
    for (const one of gone) {
      if (one !== undefined) {
        this.#forgotten.tell({ ...one, why: 'expired' });
      }
    }
    return gone.length;
  }

  async #openTable(): Promise<SessionTable> {
    const runner = new StatementRunner(await this.#connect(), this.#options.prepare);
    await setUpTable(runner, this.#options);
    this.#sweeper.start();
    return new SessionTable(runner, statementsFor(this.#options.name));
  }

  /** Once opened it is kept when the table cannot be looked at: it connects by itself as soon as that is possible. */
  async #connect(): Promise<PostgresPool> {
    const { connection } = this.#options;
    if ('pool' in connection) {
      return connection.pool;
    }
    this.#ownPool ??= await openPool(connection.url);
    return this.#ownPool;
  }

  /**
   * Whole hours only: all rows of an hour that is over go, so that the sweep reads none that it leaves. A session that
   * has ended is not known to anybody, whether its row is still there or not.
   */
  #sweepHours(): Promise<number> {
    const hour = Math.floor((this.#clock.now() - SKEW) / HOUR) * HOUR;
    return this.sweep(hour - 1, Number.POSITIVE_INFINITY);
  }
}
