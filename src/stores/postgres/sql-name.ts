/** PostgreSQL cuts longer names off, without an error. */
const MAX_BYTES = 63;

/** Which table the sessions are in. */
export interface TableName {
  readonly table: string;
  readonly schema: string | undefined;
}

/**
 * The name as SQL, quoted, so that whatever is in it stays a name.
 *
 * @throws TypeError when PostgreSQL could not have a table or schema of that name.
 */
export function quoteTableName({ table, schema }: TableName): string {
  const quoted = quoteName('table', table);
  return schema === undefined ? quoted : `${quoteName('schema', schema)}.${quoted}`;
}

function quoteName(option: string, name: string): string {
  if (!isName(name)) {
    throw new TypeError(
      `PostgresSessionStore cannot use ${option}: ${JSON.stringify(name)}. ` +
        `Give a name of 1 to ${MAX_BYTES} bytes without NUL, as it is: it will be quoted.`,
    );
  }
  return `"${name.replaceAll('"', '""')}"`;
}

function isName(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name !== '' &&
    Buffer.byteLength(name) <= MAX_BYTES &&
    !/\0|\p{Surrogate}/u.test(name)
  );
}
