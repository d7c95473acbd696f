import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasServer } from './servers/has-server.js';
import { startMongo } from './servers/mongo.server.js';
import { startPostgres } from './servers/postgres.server.js';
import { startRedis } from './servers/redis.server.js';
import type { RunningServer } from './servers/running-server.js';
import type { WorkerStore } from './worker-cluster.js';

/** What several processes share their sessions through. */
export interface SharedStore {
  /** The server behind it; LMDB has none. */
  readonly server?: RunningServer;
  /** What each process makes of it; of another address when there is something between it and the server. */
  readonly store: (url?: string) => WorkerStore;
  stop(): Promise<void>;
}

/** A kind of store, and whether this machine can run it. */
export interface StoreKind {
  readonly name: string;
  readonly isThere: (suite: string) => Promise<boolean>;
  readonly start: () => Promise<SharedStore>;
}

async function startLmdb(): Promise<SharedStore> {
  const path = await mkdtemp(join(await memoryDisk(), 'nest-sessions-workers-'));
  return {
    store: () => ({ kind: 'lmdb', path }),
    stop: () => rm(path, { recursive: true, force: true }),
  };
}

/** Who wins is what is tested, not the disk: each commit would wait for it. */
async function memoryDisk(): Promise<string> {
  const path = '/dev/shm';
  return access(path, constants.W_OK).then(
    () => path,
    () => tmpdir(),
  );
}

async function onServer(
  starting: Promise<RunningServer>,
  store: (url: string) => WorkerStore,
): Promise<SharedStore> {
  const server = await starting;
  return { server, store: (url = server.url) => store(url), stop: () => server.stop() };
}

/** Asked for the set, the driver would go to the address that the server gives itself, and around whatever is before it. */
function direct(address: string): string {
  const url = new URL(address);
  url.searchParams.delete('replicaSet');
  url.searchParams.set('directConnection', 'true');
  // What is lost on the way is to be what the test has asked for, not an answer to the driver's own question.
  url.searchParams.set('heartbeatFrequencyMS', '120000');
  return url.href;
}

export const LMDB: StoreKind = { name: 'lmdb', isThere: async () => true, start: startLmdb };

/** Every store that the workers of several machines can share. */
export const SERVERS: readonly StoreKind[] = [
  {
    name: 'redis by node-redis',
    isThere: (suite) => hasServer('redis', suite),
    start: () => onServer(startRedis(), (url) => ({ kind: 'redis', driver: 'redis', url })),
  },
  {
    name: 'redis by ioredis',
    isThere: (suite) => hasServer('redis', suite),
    start: () => onServer(startRedis(), (url) => ({ kind: 'redis', driver: 'ioredis', url })),
  },
  {
    name: 'mongo',
    isThere: (suite) => hasServer('mongo', suite, { own: true }),
    start: () => onServer(startMongo({ replicaSet: true }), (url) => ({ kind: 'mongo', url: direct(url) })),
  },
  {
    name: 'postgres',
    isThere: (suite) => hasServer('postgres', suite),
    start: () => onServer(startPostgres(), (url) => ({ kind: 'postgres', url, createTable: true })),
  },
];
