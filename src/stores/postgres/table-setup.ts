import { StoreSetupError } from '../../core/store-setup.error.js';
import { codeOf, describeFailure, isConflict } from './failure.js';
import type { Row } from './record.codec.js';
import { quoteTableName, type TableName } from './sql-name.js';
import type { StatementRunner } from './statement-runner.js';
import { statement } from './statements.js';
import { COLUMNS, createTableSql } from './table-definition.js';

/** How the table is to be. */
export interface TableWish extends TableName {
  readonly createTable: boolean;
  readonly unlogged: boolean;
}

/** PostgreSQL 13, as the server writes it. */
const OLDEST_SERVER = 130_000;

/** A database in another encoding refuses what it has no character for. `SQL_ASCII` keeps whatever it gets. */
const ENCODINGS = ['UTF8', 'SQL_ASCII'];

/** What our CREATE meets when somebody else's was first: the table, its row type or a row of the catalogue is there. */
const MADE_BY_ANOTHER = new Set(['42P07', '42710', '23505']);

/** Processes that start at the same moment make it one after the other. The lock ends with the transaction. */
const ONE_AT_A_TIME = 'SELECT pg_advisory_xact_lock(1852142452, 0);';

const CHECK = statement(`
    SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding,
      pg_is_in_recovery()::text AS standby, c.oid::text AS oid, c.relpersistence::text AS persistence,
      (SELECT json_object_agg(a.attname, format_type(a.atttypid, NULL)) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)::text AS columns,
      EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indpred IS NULL AND i.indnkeyatts = 1 AND a.attname = 'id')::text AS keyed,
      (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
        AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))::text AS permitted
    FROM (SELECT to_regclass($1) AS oid) t LEFT JOIN pg_class c ON c.oid = t.oid`);

/**
 * Looks at the server and the table, and makes the table where that was asked for.
 *
 * @throws {StoreSetupError} when the table is missing or another one, or the server cannot keep sessions.
 * @throws Error when the server is in trouble.
 */
export async function setUpTable(runner: StatementRunner, wish: TableWish): Promise<void> {
  let found = await look(runner, wish);
  assertServer(found);
  if (found['oid'] === null && wish.createTable) {
    await create(runner, wish);
    found = await look(runner, wish);
  }
  assertTable(found, wish);
}

async function look(runner: StatementRunner, name: TableName): Promise<Row> {
  const [found] = await runner.run(CHECK, [quoteTableName(name)]);
  return found ?? {};
}

async function create(runner: StatementRunner, wish: TableWish): Promise<void> {
  try {
    await runner.define(`${ONE_AT_A_TIME}\n${createTableSql(wish, wish.unlogged)}`);
  } catch (error) {
    if (MADE_BY_ANOTHER.has(codeOf(error)) || isConflict(error)) {
      return;
    }
    const failure = describeFailure(error);
    if (codeOf(error) === '42501' || codeOf(error) === '3F000') {
      throw new StoreSetupError(
        `PostgresSessionStore may not make the table ${quoteTableName(wish)}, or its schema is not there.`,
        'Create the schema, grant the user CREATE on it, or run PostgresSessionStore.createTableSql() as one who may.',
        { cause: failure },
      );
    }
    throw failure;
  }
}

function assertServer({ version, encoding, standby }: Row): void {
  if (!(Number(version) >= OLDEST_SERVER)) {
    throw new StoreSetupError(
      `PostgresSessionStore met PostgreSQL ${Math.floor(Number(version) / 10_000)}.`,
      'It needs 13 or newer: upgrade the server.',
    );
  }
  if (!ENCODINGS.includes(String(encoding))) {
    throw new StoreSetupError(
      `PostgresSessionStore met a database with the encoding ${String(encoding)}, which has not all characters.`,
      "Use a database that was created with ENCODING 'UTF8'.",
    );
  }
  if (standby === 'true') {
    throw new Error(STANDBY);
  }
}

/** A standby becomes the primary one day, so that this is trouble and no wrong set-up. */
export const STANDBY =
  'PostgresSessionStore was answered by a standby, which may not know yet that a session has ended. ' +
  'Point the pool at the primary server.';

function assertTable(found: Row, wish: TableWish): void {
  const table = quoteTableName(wish);
  if (found['oid'] === null) {
    throw new StoreSetupError(
      `PostgresSessionStore found no table ${table}.`,
      'Run what PostgresSessionStore.createTableSql() answers, in a migration, or set createTable: true.',
    );
  }
  const wrong = wrongColumns(found['columns']);
  if (wrong.length > 0) {
    throw new StoreSetupError(
      `PostgresSessionStore found a table ${table} that is not its own: ${wrong.join(', ')}.`,
      'Name another one with the option table, or make this one again as PostgresSessionStore.createTableSql() says.',
    );
  }
  if (found['keyed'] !== 'true') {
    throw new StoreSetupError(
      `PostgresSessionStore found a table ${table} where one id can be stored twice.`,
      'Give it back its primary key: ALTER TABLE … ADD PRIMARY KEY (id).',
    );
  }
  if (found['permitted'] !== 'true') {
    throw new StoreSetupError(
      `PostgresSessionStore may not do all it has to with the table ${table}.`,
      'Grant the user SELECT, INSERT, UPDATE and DELETE on it.',
    );
  }
  if (found['persistence'] === 'u' && !wish.unlogged) {
    throw new StoreSetupError(
      `PostgresSessionStore found that the table ${table} is unlogged: a crash of the server empties it.`,
      'ALTER TABLE … SET LOGGED, or say with unlogged: true that you want it so.',
    );
  }
}

/** The columns that are missing or of another type, as they should be. */
function wrongColumns(columns: unknown): string[] {
  const found: unknown = typeof columns === 'string' ? JSON.parse(columns) : {};
  const types = new Map<string, unknown>(Object.entries(Object(found)));
  return Object.entries(COLUMNS)
    .filter(([name, type]) => types.get(name) !== type)
    .map(([name, type]) => `${name} should be ${type} and is ${String(types.get(name) ?? 'missing')}`);
}
