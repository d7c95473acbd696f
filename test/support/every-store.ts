import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from 'ioredis';
import { MemorySessionStore, type SessionStore } from 'nest-sessions';
import { LmdbSessionStore } from 'nest-sessions/lmdb';
import { MongoSessionStore } from 'nest-sessions/mongo';
import { PostgresSessionStore } from 'nest-sessions/postgres';
import { RedisSessionStore } from 'nest-sessions/redis';
import { hasServer } from './servers/has-server.js';
import { startMongo } from './servers/mongo.server.js';
import { startPostgres } from './servers/postgres.server.js';
import { startRedis, startRedisCluster } from './servers/redis.server.js';
import type { RunningServer } from './servers/running-server.js';

/** A store with its server. */
export interface StartedStore {
  readonly store: SessionStore;
  /** Ends both. */
  stop(): Promise<void>;
}

/** A kind of store, and whether its server is missing here. */
export interface StoreToStart {
  readonly name: string;
  readonly isMissing: boolean;
  start(): Promise<StartedStore>;
}

const KINDS = [
  { name: 'memory', kind: undefined, start: async () => started(new MemorySessionStore()) },
  { name: 'lmdb', kind: undefined, start: startLmdb },
  { name: 'redis', kind: 'redis', start: startSingleRedis },
  { name: 'a redis cluster', kind: 'redis', start: startCluster },
  { name: 'mongo', kind: 'mongo', start: startMongoStore },
  { name: 'postgres', kind: 'postgres', start: startPostgresStore },
] as const;

/** Every store of this package, each on a server of its own where it needs one. */
export function everyStore(suite: string): Promise<StoreToStart[]> {
  return Promise.all(
    KINDS.map(async ({ name, kind, start }) => ({
      name,
      start,
      isMissing: kind !== undefined && !(await hasServer(kind, suite)),
    })),
  );
}

function started(store: SessionStore, end: () => Promise<unknown> = async () => undefined): StartedStore {
  return {
    store,
    async stop() {
      await store.close();
      await end();
    },
  };
}

async function startLmdb(): Promise<StartedStore> {
  const path = await mkdtemp(join(tmpdir(), 'nest-sessions-lmdb-'));
  return started(new LmdbSessionStore({ path }), () => rm(path, { recursive: true }));
}

async function onServer(
  starting: Promise<RunningServer>,
  make: (url: string) => SessionStore,
): Promise<StartedStore> {
  const server = await starting;
  return started(make(server.url), () => server.stop());
}

function startSingleRedis(): Promise<StartedStore> {
  return onServer(startRedis(), (url) => new RedisSessionStore({ url }));
}

async function startCluster(): Promise<StartedStore> {
  const cluster = await startRedisCluster();
  const client = new Cluster(cluster.nodes.map(({ host, port }) => ({ host, port })));
  return started(new RedisSessionStore({ client }), () => {
    client.disconnect();
    return cluster.stop();
  });
}

function startMongoStore(): Promise<StartedStore> {
  return onServer(startMongo(), (url) => new MongoSessionStore({ url }));
}

function startPostgresStore(): Promise<StartedStore> {
  return onServer(startPostgres(), (url) => new PostgresSessionStore({ url, createTable: true }));
}
