import { RedisStore as ConnectRedisStore } from 'connect-redis';
import ConnectMongoStore from 'connect-mongo';
import type { RequestHandler } from 'express';
import expressSession from 'express-session';
import { MongoClient } from 'mongodb';
import { createSessionMiddleware, MemorySessionStore, type SessionStore } from 'nest-sessions';
import { MongoSessionStore } from 'nest-sessions/mongo';
import { RedisSessionStore } from 'nest-sessions/redis';
import { createClient } from 'redis';
import { startMongo } from '../../test/support/servers/mongo.server.js';
import { startRedis } from '../../test/support/servers/redis.server.js';

/** What every write of a store passes through first: where it waits, or fails. */
export interface Hold {
  beforeWrite: () => Promise<void>;
}

/** One of those that are compared, on one store. */
export interface Peer {
  readonly library: 'express-session' | 'nest-sessions';
  readonly store: string;
  readonly middleware: RequestHandler;
  readonly hold: Hold;
}

/** All peers on all stores, on servers of their own, and what ends those. */
export async function startPeers(): Promise<{ peers: Peer[]; stop: () => Promise<void> }> {
  const redisServer = await startRedis({ own: true });
  const mongoServer = await startMongo({ own: true });
  const redis = createClient({ url: redisServer.url });
  await redis.connect();
  const mongo = new MongoClient(mongoServer.url);
  await mongo.connect();
  const peers = [
    theirs('MemoryStore', new expressSession.MemoryStore()),
    ours('memory', new MemorySessionStore()),
    theirs('connect-redis', new ConnectRedisStore({ client: redis })),
    ours('redis', new RedisSessionStore({ client: redis, prefix: 'ours:' })),
    theirs('connect-mongo', ConnectMongoStore.create({ client: mongo, dbName: 'theirs' })),
    ours('mongo', new MongoSessionStore({ client: mongo, database: 'ours' })),
  ];
  return {
    peers,
    async stop() {
      await redis.close();
      await mongo.close();
      await redisServer.stop();
      await mongoServer.stop();
    },
  };
}

const SECRET = 'Wm3J8xqRzT5vL1nB7cYk2HpD9sFg4AuE';

function theirs(name: string, store: expressSession.Store): Peer {
  const hold = neverHeld();
  const set = store.set.bind(store);
  store.set = (sid, session, callback) => {
    hold.beforeWrite().then(() => set(sid, session, callback), callback);
  };
  const middleware = expressSession({ secret: SECRET, store, resave: false, saveUninitialized: false });
  return { library: 'express-session', store: name, middleware, hold };
}

function ours(name: string, store: SessionStore): Peer {
  const hold = neverHeld();
  const { create, replace } = store;
  store.create = async (...args) => {
    await hold.beforeWrite();
    return create.apply(store, args);
  };
  store.replace = async (...args) => {
    await hold.beforeWrite();
    return replace.apply(store, args);
  };
  const logger = { warn: () => undefined, error: () => undefined };
  const session = createSessionMiddleware({ secret: SECRET, store, touchAfter: 0, logger });
  return { library: 'nest-sessions', store: name, middleware: session, hold };
}

function neverHeld(): Hold {
  return { beforeWrite: () => Promise.resolve() };
}
