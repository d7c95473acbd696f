import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPostgresFolder } from './find-program.js';
import { OwnServer } from './own-server.js';
import { OutsideServer, type RunningServer } from './running-server.js';
import { selectOne } from './select-one.js';
import { emptyDirectory, type Identity, serverIdentity } from './server-identity.js';

export { type Pgbouncer, startPgbouncer } from './pgbouncer.js';

export type PostgresServer = RunningServer;

export interface PostgresServerOptions {
  /** Settings of postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The password that the user `postgres` must give. Without it everybody on this machine may log in. */
  readonly password?: string;
  /** Whether it must be a server of our own, whatever the environment says; options imply it. @default false */
  readonly own?: boolean;
}

/** Starts a PostgreSQL, or answers the one that `POSTGRES_URL` names. */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  const { settings = {}, password } = options;
  const { own = password !== undefined || Object.keys(settings).length > 0 } = options;
  const outside = process.env['POSTGRES_URL'];
  if (outside && !own) {
    return new OutsideServer('POSTGRES_URL', outside, 5432);
  }
  const folder = findPostgresFolder();
  if (folder === undefined) {
    throw new Error('There is no PostgreSQL; install it, or set POSTGRES_BIN or POSTGRES_URL.');
  }
  const as = serverIdentity('postgres');
  const directory = await emptyDirectory('postgres', as);
  try {
    await initialise(folder, directory, password, as);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  const user = password === undefined ? 'postgres' : `postgres:${encodeURIComponent(password)}`;
  const lines = Object.entries({ ...DEFAULTS, ...settings });
  return OwnServer.start({
    name: 'PostgreSQL',
    directory,
    endWith: 'SIGQUIT', // it gives shared memory back, which it cannot when it is killed
    command: (port) => ({
      program: join(folder, 'postgres'),
      args: [
        '-D',
        directory,
        '-p',
        String(port),
        ...lines.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      ...as,
    }),
    url: (port) => `postgresql://${user}@127.0.0.1:${port}/postgres`,
    answers: (port) => selectOne(`postgresql://${user}@127.0.0.1:${port}/postgres`),
  });
}

const DEFAULTS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '32MB',
  dynamic_shared_memory_type: 'mmap', // in the data's directory, so that nothing stays behind
  // A write cannot be acknowledged before it would survive a crash: PostgreSQL's own defaults, said aloud.
  fsync: 'on',
  synchronous_commit: 'on',
};

async function initialise(
  folder: string,
  directory: string,
  password: string | undefined,
  as: Identity,
): Promise<void> {
  const data = [
    '-D',
    directory,
    '-U',
    'postgres',
    '-E',
    'UTF8',
    '--locale=C',
    '--wal-segsize=1',
    '--no-sync',
  ];
  const run = promisify(execFile);
  const options = { cwd: directory, timeout: 60_000, ...as };
  await run(join(folder, 'initdb'), [...data, '-A', 'trust'], options);
  if (password !== undefined) {
    const single = run(join(folder, 'postgres'), ['--single', '-D', directory, 'postgres'], options);
    single.child.stdin?.end(`ALTER ROLE postgres PASSWORD '${password.replaceAll("'", "''")}'\n`);
    await single;
    await writeFile(join(directory, 'pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n');
  }
}
