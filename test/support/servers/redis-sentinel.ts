import { vi } from 'vitest';
import { EPHEMERAL, startOwnRedis } from './own-redis.js';
import type { OwnServer } from './own-server.js';
import { RespConnection } from './resp-connection.js';

/** A master with a replica, and a sentinel that puts the replica in its place when it fails. */
export interface RedisSentinel {
  readonly isOwn: true;
  /** How the sentinel calls the master. */
  readonly name: string;
  /** The one that began as master. */
  readonly master: OwnServer;
  readonly replica: OwnServer;
  readonly sentinels: readonly OwnServer[];
  stop(): Promise<void>;
}

const NAME = 'sessions';

/** Starts a master, a replica and a sentinel; resolves when the sentinel knows both. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  const started: OwnServer[] = [];
  const start = async (...options: Parameters<typeof startOwnRedis>) => {
    const server = await startOwnRedis(...options);
    started.push(server);
    return server;
  };
  const stop = async () => {
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    const args = [...EPHEMERAL, '--repl-diskless-sync-delay', '0'];
    const master = await start({ args });
    const replica = await start({ args: [...args, '--replicaof', `127.0.0.1 ${master.port}`] });
    // First: a sentinel asks a master for its replicas every ten seconds.
    await says(replica, 'replication', /master_link_status:up/);
    const sentinel = await start({ args: [], sentinel: configuration(master.port) });
    await says(sentinel, 'sentinel', /status=ok.*slaves=1/);
    return { isOwn: true, name: NAME, master, replica, sentinels: [sentinel], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until a section of a server's INFO matches. */
async function says({ port }: OwnServer, section: string, pattern: RegExp): Promise<void> {
  const look = async () => {
    const info = await RespConnection.ask(port, 'INFO', section);
    if (!pattern.test(info)) {
      throw new Error(`Redis does not say ${pattern} but:\n${info}`);
    }
  };
  await vi.waitFor(look, { timeout: 30_000, interval: 50 });
}

function configuration(masterPort: number): string {
  const lines = [
    `sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${NAME} 1000`,
    `sentinel failover-timeout ${NAME} 5000`,
  ];
  return `${lines.join('\n')}\n`;
}
