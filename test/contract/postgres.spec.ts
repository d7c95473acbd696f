import { storeContract } from 'nest-sessions/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { postgresSubject } from '../support/postgres-subject.js';
import { hasServer } from '../support/servers/has-server.js';
import {
  type Pgbouncer,
  type PostgresServer,
  startPgbouncer,
  startPostgres,
} from '../support/servers/postgres.server.js';

const CLAIMS = { runner: { describe, it }, sweeps: true, reports: true, rejectsAfterClose: true };

/** Where the statements are the same ones, the races need not be run as often. */
const SHORT = { ...CLAIMS, rounds: 40 };

const hasPostgres = await hasServer('postgres', 'PostgresSessionStore');
const hasPgbouncer = await hasServer('pgbouncer', 'PostgresSessionStore behind pgbouncer');

describe.skipIf(!hasPostgres)('on PostgreSQL', () => {
  let server: PostgresServer;
  let pgbouncer: Pgbouncer | undefined;

  beforeAll(async () => {
    server = await startPostgres();
    pgbouncer = hasPgbouncer ? await startPgbouncer(server) : undefined;
  });

  afterAll(async () => {
    await pgbouncer?.stop();
    await server?.stop();
  });

  storeContract('PostgresSessionStore', () => postgresSubject(server.url), CLAIMS);

  storeContract(
    'PostgresSessionStore with prepared statements',
    () => postgresSubject(server.url, { prepare: true }),
    SHORT,
  );

  storeContract(
    'PostgresSessionStore on an unlogged table',
    () => postgresSubject(server.url, { unlogged: true }),
    SHORT,
  );

  for (const isolation of ['repeatable read', 'serializable']) {
    const options = `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`;
    storeContract(
      `PostgresSessionStore where transactions are ${isolation}`,
      () => postgresSubject(server.url, {}, { options }),
      SHORT,
    );
  }

  describe.skipIf(!hasPgbouncer)('and pgbouncer', () => {
    storeContract(
      'PostgresSessionStore through pgbouncer in transaction mode',
      () => postgresSubject(pgbouncer?.url ?? ''),
      CLAIMS,
    );
  });
});
