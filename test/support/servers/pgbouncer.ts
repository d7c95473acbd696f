import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { programOf } from './find-program.js';
import { OwnServer } from './own-server.js';
import type { RunningServer } from './running-server.js';
import { selectOne } from './select-one.js';
import { emptyDirectory, serverIdentity } from './server-identity.js';

export type Pgbouncer = RunningServer;

/** Where pgbouncer is, if anywhere. */
export function findPgbouncer(): string | undefined {
  return programOf('PGBOUNCER_PATH', 'pgbouncer');
}

/**
 * Starts a pgbouncer before a server, in transaction pooling: each statement may meet another connection, so nothing that
 * lives in a connection (named prepared statements, SET, LISTEN) can be counted on.
 */
export async function startPgbouncer(server: RunningServer): Promise<Pgbouncer> {
  const program = findPgbouncer();
  if (program === undefined) {
    throw new Error('There is no pgbouncer; install it, or set PGBOUNCER_PATH.');
  }
  const as = serverIdentity('postgres');
  const directory = await emptyDirectory('pgbouncer', as);
  const configuration = join(directory, 'pgbouncer.ini');
  const { username, pathname } = new URL(server.url);
  const url = (port: number) => `postgresql://${username}@127.0.0.1:${port}${pathname}`;
  return OwnServer.start({
    name: 'pgbouncer',
    directory,
    async command(port) {
      await writeFile(configuration, configurationFor(server, port));
      return { program, args: [configuration], ...as };
    },
    url,
    answers: (port) => selectOne(url(port)),
  });
}

function configurationFor(server: RunningServer, port: number): string {
  const { username, password, pathname } = new URL(server.url);
  const target = [
    `host=${server.host} port=${server.port} dbname=${decodeURIComponent(pathname.slice(1))}`,
    `user=${decodeURIComponent(username)}`,
    ...(password === '' ? [] : [`password='${decodeURIComponent(password).replaceAll("'", "''")}'`]),
  ];
  return `[databases]
* = ${target.join(' ')}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
max_client_conn = 200
server_connect_timeout = 5
server_login_retry = 1
`;
}
