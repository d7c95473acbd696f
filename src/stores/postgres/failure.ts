import { StoreSetupError } from '../../core/store-setup.error.js';

/** What the server says when two transactions got in each other's way: nothing was done, and trying again is right. */
const CONFLICTS = new Set(['40001', '40P01']);

/**
 * What the server says about a prepared statement that the connection does not have, or has already: something hands its
 * connections around. Nothing was run.
 */
const UNPREPARED = new Set(['26000', '42P05']);

/** What to do about the server's commonest refusals, by SQLSTATE. */
const FIXES: Readonly<Record<string, string>> = {
  '25006': 'Sessions need the primary server: point the pool at it.',
  '26000': 'Behind pgbouncer in transaction mode set prepare: false, or leave it out.',
  '28000': 'Check the user of the connection, and pg_hba.conf.',
  '28P01': 'Check the user and the password of the connection.',
  '3D000': 'Create the database, or name another one in the connection.',
  '42501': 'Grant the user SELECT, INSERT, UPDATE and DELETE on the table, and USAGE on its schema.',
  '42703': 'Make the table again as PostgresSessionStore.createTableSql() says.',
  '42P01': 'Make the table: run what PostgresSessionStore.createTableSql() answers, or set createTable.',
  '42P05': 'Behind pgbouncer in transaction mode set prepare: false, or leave it out.',
  '53100': 'Free some of the disk of the server.',
  '53300': 'Raise max_connections, or give the pools of all processes together fewer.',
};

const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/;
const LOOK_UP = 'Look the code up in PostgreSQL’s list of error codes, and at the log of the server.';
const RECONNECT = 'Check that PostgreSQL is up, reachable, and takes the connection.';

/** What a URL meets that the driver cannot read, apart from a URIError. */
const BAD_URL = new Set(['ERR_INVALID_URL', 'ERR_SOCKET_BAD_PORT']);

/** Parts of a driver's error that can have a session's contents, or the connection with its password. */
const UNTOLD = ['detail', 'where', 'internalQuery', 'client', 'input'] as const;

/** Whether trying again can succeed, and nothing of the first attempt was stored. */
export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(codeOf(error));
}

/** Whether the same statement would do if it was not prepared. */
export function isUnprepared(error: unknown): boolean {
  return UNPREPARED.has(codeOf(error));
}

/** The driver's code of an error: five characters of SQLSTATE from the server, a word from the network. */
export function codeOf(error: unknown): string {
  return hasCode(error) ? error.code : '';
}

/** The error as it may be told: what was said and what to do, without what was in the session. */
export function describeFailure(error: unknown): Error {
  const code = codeOf(error);
  if (BAD_URL.has(code) || error instanceof URIError) {
    return badUrl({ cause: withoutContents(error) });
  }
  const message = error instanceof Error && error.message !== '' ? error.message : 'there was no answer';
  const said = [message.replace(/\.$/, ''), code && `(${code})`].filter(Boolean).join(' ');
  const fix = FIXES[code] ?? (SQLSTATE.test(code) ? LOOK_UP : RECONNECT);
  return new Error(`PostgresSessionStore could not run a statement: ${said}. ${fix}`, {
    cause: withoutContents(error),
  });
}

/** For a URL that no connection can be made with. */
export function badUrl(options?: ErrorOptions): StoreSetupError {
  return new StoreSetupError(
    'PostgresSessionStore cannot use its url.',
    'Percent-encode special characters of the user and the password.',
    options,
  );
}

/** Nobody else has the error: it was made for our statement. */
function withoutContents(error: unknown): unknown {
  if (error instanceof Error) {
    for (const name of UNTOLD) {
      Reflect.deleteProperty(error, name);
    }
  }
  return error;
}

function hasCode(error: unknown): error is { readonly code: string } {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string';
}
