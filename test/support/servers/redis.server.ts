import { DURABLE, EPHEMERAL, startOwnRedis } from './own-redis.js';
import { OutsideServer, type RunningServer } from './running-server.js';

export { type RedisCluster, startRedisCluster } from './redis-cluster.js';
export { type RedisSentinel, startRedisSentinel } from './redis-sentinel.js';

export type RedisServer = RunningServer;

export interface RedisServerOptions {
  /** More options of redis-server's command line: `['--maxmemory', '8mb']`. */
  readonly args?: readonly string[];
  /** Whether every acknowledged write survives a crash (`appendfsync always`). @default false: nothing is kept */
  readonly durable?: boolean;
  /** Whether it must be a server of our own, whatever the environment says; options imply it. @default false */
  readonly own?: boolean;
}

/** Starts a Redis, or answers the one that `REDIS_URL` names. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { args = [], durable = false, own = durable || args.length > 0 } = options;
  const outside = process.env['REDIS_URL'];
  if (outside && !own) {
    return new OutsideServer('REDIS_URL', outside, 6379);
  }
  return startOwnRedis({ args: [...(durable ? DURABLE : EPHEMERAL), ...args] });
}
