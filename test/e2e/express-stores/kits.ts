import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import connectMongodbSession from 'connect-mongodb-session';
import { MongoStore } from 'connect-mongo';
import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import { RedisStore as RedisStore10 } from 'connect-redis-10';
import mysqlStore from 'express-mysql-session';
import session, { type Store } from 'express-session';
import memorystore from 'memorystore';
import { MongoClient } from 'mongodb';
import { Pool } from 'pg';
import { createClient } from 'redis';
import sessionFileStore from 'session-file-store';
import type { ServerKind } from '../../support/servers/has-server.js';
import { startMariadb } from '../../support/servers/mariadb.server.js';
import { startMongo } from '../../support/servers/mongo.server.js';
import { startPostgres } from '../../support/servers/postgres.server.js';
import { startRedis } from '../../support/servers/redis.server.js';

/** A store's data, on a server of its own. */
export interface StoreData {
  /** A handle on the data; another one each time, as another process would have it, where the store has data outside itself. */
  handle(): Promise<Store>;
  /** Ends every handle. */
  closeHandles(): Promise<void>;
  /** Ends every handle, and the server. */
  close(): Promise<void>;
}

/** One of the stores that people have. */
export interface StoreKit {
  readonly name: string;
  readonly server?: ServerKind;
  /** What it can do beside `get`, `set` and `destroy`. */
  readonly extras: readonly ('all' | 'length' | 'clear')[];
  /** Whether it expires a session when its cookie says so; else by a lifetime of its own, which must be long enough. */
  readonly followsCookie: boolean;
  start(): Promise<StoreData>;
}

const unique = () => `t${randomBytes(6).toString('hex')}`;

/** Data on a server, and the handles on it. */
class ServerData implements StoreData {
  #handles: { store: Store; close(): unknown }[] = [];

  constructor(
    private readonly server: { stop(): Promise<void> },
    private readonly open: () => Promise<{ store: Store; close(): unknown }>,
  ) {}

  async handle(): Promise<Store> {
    const handle = await this.open();
    this.#handles.push(handle);
    return handle.store;
  }

  async closeHandles(): Promise<void> {
    const handles = this.#handles;
    this.#handles = [];
    await Promise.all(handles.map((handle) => handle.close()));
  }

  async close(): Promise<void> {
    await this.closeHandles();
    await this.server.stop();
  }
}

function redisKit(name: string, Kind: typeof RedisStore | typeof RedisStore10): StoreKit {
  return {
    name,
    server: 'redis',
    extras: ['all', 'length', 'clear'],
    followsCookie: true,
    async start() {
      const server = await startRedis();
      const prefix = `${unique()}:`;
      return new ServerData(server, async () => {
        const client = createClient({ url: server.url });
        client.on('error', () => undefined);
        await client.connect();
        return { store: new Kind({ client, prefix }), close: () => client.close() };
      });
    },
  };
}

const connectMongo: StoreKit = {
  name: 'connect-mongo 6',
  server: 'mongo',
  extras: ['all', 'length', 'clear'],
  followsCookie: true,
  async start() {
    const server = await startMongo();
    const dbName = unique();
    return new ServerData(server, async () => {
      const client = await new MongoClient(server.url).connect();
      const store = MongoStore.create({ client, dbName });
      await store.collectionP;
      return { store, close: () => store.close() };
    });
  },
};

const connectMongodb: StoreKit = {
  name: 'connect-mongodb-session 5',
  server: 'mongo',
  // It has `all`, which its own driver never answers: that is a test of its own.
  extras: ['clear'],
  followsCookie: true,
  async start() {
    const server = await startMongo();
    const databaseName = unique();
    const Kind = connectMongodbSession(session);
    return new ServerData(server, async () => {
      const store = await new Promise<InstanceType<typeof Kind>>((resolve, reject) => {
        const made = new Kind({ uri: server.url, databaseName, collection: 'sessions' }, (error) =>
          error ? reject(error) : resolve(made),
        );
      });
      return { store, close: () => store.client.close() };
    });
  },
};

const pgSimple: StoreKit = {
  name: 'connect-pg-simple 10',
  server: 'postgres',
  extras: [],
  followsCookie: true,
  async start() {
    const server = await startPostgres();
    const tableName = unique();
    const Kind = connectPgSimple(session);
    return new ServerData(server, () => {
      const pool = new Pool({ connectionString: server.url });
      pool.on('error', () => undefined);
      const store = new Kind({ pool, tableName, createTableIfMissing: true, pruneSessionInterval: false });
      const close = async () => {
        await store.close();
        await pool.end();
      };
      return Promise.resolve({ store, close });
    });
  },
};

const mysql: StoreKit = {
  name: 'express-mysql-session 3',
  server: 'mariadb',
  extras: ['all', 'length', 'clear'],
  followsCookie: true,
  async start() {
    const server = await startMariadb();
    const { hostname: host, port, username: user, password, pathname } = new URL(server.url);
    const address = { host, port: Number(port), user, password, database: pathname.slice(1) };
    const schema = { tableName: unique(), columnNames: {} };
    const Kind = mysqlStore(session);
    return new ServerData(server, async () => {
      const store = new Kind({ ...address, schema });
      await store.onReady();
      return { store, close: () => store.close() };
    });
  },
};

const inMemory = (name: string, make: () => Store): StoreKit => ({
  name,
  extras: ['all', 'length', 'clear'],
  followsCookie: true,
  start() {
    const store = make();
    const nothing = () => Promise.resolve();
    return Promise.resolve({ handle: () => Promise.resolve(store), closeHandles: nothing, close: nothing });
  },
});

const fileStore: StoreKit = {
  name: 'session-file-store 1',
  extras: ['length', 'clear'],
  followsCookie: false,
  async start() {
    const path = await mkdtemp(join(tmpdir(), 'nest-sessions-files-'));
    const Kind = sessionFileStore(session);
    return {
      // It waits a while for files that are not there, unless it is told not to.
      handle: () => Promise.resolve(new Kind({ path, retries: 0, reapInterval: -1, logFn: () => undefined })),
      closeHandles: () => Promise.resolve(),
      close: () => rm(path, { recursive: true }),
    };
  },
};

export const KITS = {
  connectRedis: redisKit('connect-redis 9', RedisStore),
  // It asks for Node 22, and needs nothing of it.
  connectRedis10: redisKit('connect-redis 10', RedisStore10),
  connectMongo,
  connectMongodb,
  pgSimple,
  mysql,
  memorystore: inMemory('memorystore 1', () => new (memorystore(session))({ max: 10_000 })),
  memoryStore: inMemory("express-session's MemoryStore", () => new session.MemoryStore()),
  fileStore,
} as const satisfies Record<string, StoreKit>;
