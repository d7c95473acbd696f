import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { MongoSessionStore } from 'nest-sessions/mongo';
import { PostgresSessionStore } from 'nest-sessions/postgres';
import { RedisSessionStore } from 'nest-sessions/redis';
import type { SessionStore } from 'nest-sessions';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { hasServer } from '../support/servers/has-server.js';
import { startMongo } from '../support/servers/mongo.server.js';
import { startPostgres } from '../support/servers/postgres.server.js';
import { startRedis } from '../support/servers/redis.server.js';
import type { RunningServer } from '../support/servers/running-server.js';

/** A store as an application has it, and how the application closes what it gave it. */
export interface ConnectedStore {
  readonly store: SessionStore;
  close(): Promise<unknown>;
}

/** A store that faults are tried on. */
export interface FaultStore {
  readonly name: string;
  readonly kind: 'redis' | 'mongo' | 'postgres';
  /** What an application makes when it starts. The server may be down at the time. */
  connect(url: string): ConnectedStore;
}

/** What went wrong is seen in the tests by what the application answers and logs. */
const ignore = () => undefined;
const nothing = () => Promise.resolve();

export const FAULT_STORES: readonly FaultStore[] = [
  {
    name: 'Redis with node-redis',
    kind: 'redis',
    connect(url) {
      const client = createClient({ url }).on('error', ignore);
      client.connect().catch(ignore);
      return {
        store: new RedisSessionStore({ client }),
        close: async () => client.isOpen && client.destroy(),
      };
    },
  },
  {
    name: 'Redis with ioredis',
    kind: 'redis',
    connect(url) {
      const client = new Redis(url).on('error', ignore);
      return { store: new RedisSessionStore({ client }), close: async () => client.disconnect() };
    },
  },
  {
    name: 'Redis by its URL',
    kind: 'redis',
    connect: (url) => ({ store: new RedisSessionStore({ url }), close: nothing }),
  },
  {
    name: 'MongoDB with a client',
    kind: 'mongo',
    connect(url) {
      const client = new MongoClient(url, {
        writeConcern: { w: 'majority', journal: true },
        // Who wants to fail fast sets it; the driver then gives its first attempt to connect up as fast.
        serverSelectionTimeoutMS: 2_000,
      });
      return { store: new MongoSessionStore({ client }), close: () => client.close() };
    },
  },
  {
    name: 'MongoDB by its URL',
    kind: 'mongo',
    connect: (url) => ({ store: new MongoSessionStore({ url }), close: nothing }),
  },
  {
    name: 'PostgreSQL with a pool',
    kind: 'postgres',
    connect(url) {
      const pool = new Pool({ connectionString: url }).on('error', ignore);
      return { store: new PostgresSessionStore({ pool, createTable: true }), close: () => pool.end() };
    },
  },
  {
    name: 'PostgreSQL by its URL',
    kind: 'postgres',
    connect: (url) => ({ store: new PostgresSessionStore({ url, createTable: true }), close: nothing }),
  },
];

/** Starts a server of our own that keeps what it has acknowledged, whatever happens to it. */
export function startDurable(kind: FaultStore['kind'], password?: string): Promise<RunningServer> {
  switch (kind) {
    case 'redis':
      return startRedis({ durable: true, args: password === undefined ? [] : ['--requirepass', password] });
    case 'mongo':
      return startMongo({ own: true, ...(password === undefined ? { replicaSet: true } : { password }) });
    default:
      return startPostgres({ own: true, ...(password === undefined ? {} : { password }) });
  }
}

/** Every store, and whether this machine has no server for it. */
export async function faultStores(
  suite: string,
): Promise<readonly (FaultStore & { readonly isMissing: boolean })[]> {
  const missing = new Set<FaultStore['kind']>();
  for (const kind of new Set(FAULT_STORES.map((store) => store.kind))) {
    if (!(await hasServer(kind, `${suite} on ${kind}`, { own: true }))) {
      missing.add(kind);
    }
  }
  return FAULT_STORES.map((store) => ({ ...store, isMissing: missing.has(store.kind) }));
}
