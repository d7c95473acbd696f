import { execFile } from 'node:child_process';
import { realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findPostgresFolder } from './servers/find-program.js';
import { OwnServer } from './servers/own-server.js';
import type { RunningServer } from './servers/running-server.js';
import { selectOne } from './servers/select-one.js';
import { emptyDirectory, serverIdentity } from './servers/server-identity.js';

/** Starts a server that follows another one of the tests' own. */
export async function startStandby(primary: RunningServer): Promise<RunningServer> {
  const folder = process.env['POSTGRES_BIN'] || findPostgresFolder();
  if (folder === undefined) {
    throw new Error('There is no PostgreSQL; install it, or set POSTGRES_BIN.');
  }
  // Where the servers are found by links, the other programs may have none.
  const program = await realpath(join(folder, 'postgres'));
  const as = serverIdentity('postgres');
  const directory = await emptyDirectory('postgres', as);
  const source = ['-h', primary.host, '-p', String(primary.port), '-U', 'postgres'];
  try {
    await promisify(execFile)(
      join(dirname(program), 'pg_basebackup'),
      [...source, '-D', directory, '-R', '-X', 'stream', '-c', 'fast', '--no-sync'],
      { cwd: directory, timeout: 60_000, ...as },
    );
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  const url = (port: number) => `postgresql://postgres@127.0.0.1:${port}/postgres`;
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'shared_buffers=32MB'];
  return OwnServer.start({
    name: 'a PostgreSQL standby',
    directory,
    endWith: 'SIGQUIT',
    command: (port) => ({
      program,
      args: ['-D', directory, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])],
      ...as,
    }),
    url,
    answers: (port) => selectOne(url(port)),
  });
}
