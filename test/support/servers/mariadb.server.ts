import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createConnection } from 'mysql2/promise';
import { findMariadb } from './find-mariadb.js';
import { OwnServer } from './own-server.js';
import { OutsideServer, type RunningServer } from './running-server.js';
import { emptyDirectory, type Identity, serverIdentity } from './server-identity.js';

export type MariadbServer = RunningServer;

const DATABASE = 'test';
const USER = 'tester';
const SET_UP = [
  `CREATE DATABASE IF NOT EXISTS ${DATABASE};`,
  `CREATE USER IF NOT EXISTS ${USER}@'127.0.0.1';`,
  `GRANT ALL ON *.* TO ${USER}@'127.0.0.1';`,
];

/** Starts a MariaDB, or answers the one that `MARIADB_URL` names; `own`: in no case the latter. */
export async function startMariadb({ own = false }: { own?: boolean } = {}): Promise<MariadbServer> {
  const outside = process.env['MARIADB_URL'];
  if (outside && !own) {
    return new OutsideServer('MARIADB_URL', outside, 3306);
  }
  const programs = findMariadb();
  if (programs === undefined) {
    throw new Error('There is no MariaDB; install it, or set MARIADBD_PATH or MARIADB_URL.');
  }
  const as = serverIdentity('mysql');
  const directory = await emptyDirectory('mariadb', as);
  const initFile = join(directory, 'init.sql');
  try {
    await initialise(programs.installer, directory, as);
    await writeFile(initFile, `${SET_UP.join('\n')}\n`);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  const fixed = [
    '--no-defaults',
    `--datadir=${directory}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
  ];
  const files = [`--socket=${join(directory, 'socket')}`, `--pid-file=${join(directory, 'pid')}`];
  const small = ['--innodb-buffer-pool-size=32M', '--innodb-log-file-size=8M', `--init-file=${initFile}`];
  const url = (port: number) => `mysql://${USER}@127.0.0.1:${port}/${DATABASE}`;
  return OwnServer.start({
    name: 'MariaDB',
    directory,
    command: (port) => ({
      program: programs.server,
      args: [...fixed, ...files, ...small, `--port=${port}`],
      ...as,
    }),
    url,
    answers: (port) => selectOne(url(port)),
  });
}

async function initialise(installer: string, directory: string, as: Identity): Promise<void> {
  const args = ['--no-defaults', `--datadir=${directory}`, '--auth-root-authentication-method=normal'];
  await promisify(execFile)(installer, [...args, '--skip-test-db', '--skip-name-resolve'], {
    cwd: directory,
    timeout: 60_000,
    ...as,
  });
}

async function selectOne(uri: string): Promise<void> {
  const connection = await createConnection({ uri, connectTimeout: 2_000 });
  try {
    await connection.query('SELECT 1');
  } finally {
    connection.destroy();
  }
}
