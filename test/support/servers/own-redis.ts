import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programOf } from './find-program.js';
import { OwnServer } from './own-server.js';
import { RespConnection } from './resp-connection.js';

/** Where redis-server is, if anywhere. */
export function findRedis(): string | undefined {
  return programOf('REDIS_SERVER_PATH', 'redis-server', 'valkey-server');
}

/** Nothing survives the end of the server. */
export const EPHEMERAL = ['--save', '', '--appendonly', 'no'];
/** Every acknowledged write survives a crash. */
export const DURABLE = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];

export interface OwnRedisOptions {
  /** Options of the command line, by turns name and value. */
  readonly args: readonly string[];
  /** The configuration of a sentinel, which makes it one. */
  readonly sentinel?: string;
  /** Ports so much above the server's that must be free, too. */
  readonly otherPorts?: readonly number[];
}

/** Starts a server with these options of the command line. */
export async function startOwnRedis({
  args,
  sentinel,
  otherPorts = [],
}: OwnRedisOptions): Promise<OwnServer> {
  const program = findRedis();
  if (program === undefined) {
    throw new Error('There is no redis-server; install it, or set REDIS_SERVER_PATH or REDIS_URL.');
  }
  const isSentinel = sentinel !== undefined;
  const directory = await mkdtemp(join(tmpdir(), 'nest-sessions-redis-'));
  const flag = args.indexOf('--requirepass');
  const password = flag < 0 ? '' : `:${encodeURIComponent(args[flag + 1] ?? '')}@`;
  // A sentinel keeps what it learns in its configuration, so that must be a file; it stands first on the command line.
  const configuration = join(directory, 'sentinel.conf');
  const first = isSentinel ? [configuration, '--sentinel'] : [];
  if (isSentinel) {
    await writeFile(configuration, sentinel);
  }
  const common = ['--bind', '127.0.0.1', '--dir', directory, '--daemonize', 'no'];
  return OwnServer.start({
    name: isSentinel ? 'Redis Sentinel' : 'Redis',
    directory,
    otherPorts,
    command: (port) => ({ program, args: [...first, '--port', String(port), ...common, ...args] }),
    url: (port) => `redis://${password}127.0.0.1:${port}`,
    async answers(port) {
      const answer = await RespConnection.ask(port, 'PING');
      // -LOADING means that it still reads its data.
      if (answer !== 'PONG' && !answer.startsWith('-NOAUTH')) {
        throw new Error(answer);
      }
    },
  });
}
