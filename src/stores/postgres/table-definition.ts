import { quoteTableName, type TableName } from './sql-name.js';

/** Milliseconds in one bucket of `expires_hour`. */
export const HOUR = 3_600_000;

/**
 * The columns with their types. Times are milliseconds since the epoch, so that they come back exactly as they were given.
 * `fields` and `meta` are `json`, which keeps its text; `jsonb` would order keys anew and refuse `\u0000`.
 */
export const COLUMNS: Readonly<Record<string, string>> = {
  id: 'text',
  format: 'integer',
  version: 'bigint',
  handle: 'text',
  principal: 'text',
  fields: 'json',
  lengths: 'text',
  created_at: 'bigint',
  last_seen_at: 'bigint',
  idle: 'bigint',
  absolute_at: 'bigint',
  expires_at: 'bigint',
  expires_hour: 'bigint',
  next: 'text',
  meta: 'json',
};

/**
 * What makes the table and its index.
 *
 * A touch must not have to write to an index: it changes `expires_at` alone, and the index is on the hour of it. Then the new row
 * can take its place beside the old one, on the page that `fillfactor` keeps room in. The column is needed: for an index on
 * an expression PostgreSQL looks at whether `expires_at` changed, not at whether its hour did.
 */
export function createTableSql(name: TableName, unlogged: boolean): string {
  const table = quoteTableName(name);
  return `CREATE ${unlogged ? 'UNLOGGED ' : ''}TABLE ${table} (
  id text COLLATE "C" PRIMARY KEY,
  format integer NOT NULL,
  version bigint NOT NULL,
  handle text NOT NULL,
  principal text,
  fields json NOT NULL,
  lengths text NOT NULL,
  created_at bigint NOT NULL,
  last_seen_at bigint NOT NULL,
  idle bigint NOT NULL,
  absolute_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  expires_hour bigint NOT NULL GENERATED ALWAYS AS (expires_at / ${HOUR}) STORED,
  next text,
  meta json NOT NULL
) WITH (fillfactor = 75);
CREATE INDEX ON ${table} (expires_hour);
`;
}
