import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis';
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis-6';
import type { RedisClient } from 'nest-sessions/redis';
import * as nodeRedis6 from 'redis';
import * as nodeRedis5 from 'redis-5';

/** A client as an application makes it, and how the application closes it. */
export interface AppClient {
  readonly client: RedisClient;
  close(): Promise<unknown>;
}

export interface RedisSentinelPlace {
  readonly name: string;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
}

/** A driver in one of its versions. No client is cast on the way to `RedisClient`: that it compiles is a test. */
export interface RedisDriver {
  readonly name: string;
  single(url: string): Promise<AppClient>;
  cluster(urls: readonly string[]): Promise<AppClient>;
  sentinel(place: RedisSentinelPlace): Promise<AppClient>;
}

/** What went wrong is seen in the tests by what the store answers. */
const ignore = () => undefined;

const node6: RedisDriver = {
  name: 'node-redis 6',
  async single(url) {
    const client = await nodeRedis6.createClient({ url }).on('error', ignore).connect();
    return { client, close: async () => client.isOpen && client.destroy() };
  },
  async cluster(urls) {
    const rootNodes = urls.map((url) => ({ url }));
    const client = await nodeRedis6.createCluster({ rootNodes }).on('error', ignore).connect();
    return { client, close: async () => client.isOpen && client.destroy() };
  },
  async sentinel({ name, sentinels }) {
    const sentinelRootNodes = [...sentinels];
    const client = await nodeRedis6
      .createSentinel({ name, sentinelRootNodes, replicaPoolSize: 1 })
      .on('error', ignore)
      .connect();
    return { client, close: async () => client.isOpen && client.destroy() };
  },
};

const node5: RedisDriver = {
  name: 'node-redis 5',
  async single(url) {
    const client = await nodeRedis5.createClient({ url }).on('error', ignore).connect();
    return { client, close: async () => client.isOpen && client.destroy() };
  },
  async cluster(urls) {
    const rootNodes = urls.map((url) => ({ url }));
    const client = await nodeRedis5.createCluster({ rootNodes }).on('error', ignore).connect();
    return { client, close: async () => client.isOpen && client.destroy() };
  },
  async sentinel({ name, sentinels }) {
    const sentinelRootNodes = [...sentinels];
    const client = await nodeRedis5
      .createSentinel({ name, sentinelRootNodes, replicaPoolSize: 1 })
      .on('error', ignore)
      .connect();
    return { client, close: async () => client.isOpen && client.destroy() };
  },
};

const io6: RedisDriver = {
  name: 'ioredis 6',
  async single(url) {
    const client = new Redis6(url).on('error', ignore);
    return { client, close: async () => client.disconnect() };
  },
  async cluster(urls) {
    const client = new Cluster6([...urls]).on('error', ignore);
    return { client, close: async () => client.disconnect() };
  },
  async sentinel({ name, sentinels }) {
    const client = new Redis6({ name, sentinels: [...sentinels] }).on('error', ignore);
    return { client, close: async () => client.disconnect() };
  },
};

const io5: RedisDriver = {
  name: 'ioredis 5',
  async single(url) {
    const client = new Redis5(url).on('error', ignore);
    return { client, close: async () => client.disconnect() };
  },
  async cluster(urls) {
    const client = new Cluster5([...urls]).on('error', ignore);
    return { client, close: async () => client.disconnect() };
  },
  async sentinel({ name, sentinels }) {
    const client = new Redis5({ name, sentinels: [...sentinels] }).on('error', ignore);
    return { client, close: async () => client.disconnect() };
  },
};

export const REDIS_DRIVERS: readonly RedisDriver[] = [node6, node5, io6, io5];
