/**
 * A statement as `pg` takes it.
 *
 * @publicApi
 */
export interface PostgresQuery {
  readonly text: string;
  readonly values?: unknown[];
  /** Makes it a prepared statement of the connection. */
  readonly name?: string;
  /** How the columns of the answer are read, instead of the parsers that the application may have set. */
  readonly types?: { getTypeParser(oid: number, format?: string): (value: string) => unknown };
}

/**
 * The part of a `Pool` of the package `pg` that is used: every connection it hands out must lead to the same primary
 * server.
 *
 * @publicApi
 */
export interface PostgresPool {
  query(query: PostgresQuery): Promise<{ readonly rows: readonly unknown[] }>;
}
