import { join } from 'node:path';
import type { SessionOptions } from 'nest-sessions';
import type { Work } from '../works.js';
import { COOKIE_SESSION } from './cookie-session.js';
import { EXPRESS_SESSION } from './express-session.js';
import { FASTIFY_SESSION } from './fastify-session.js';
import { NO_SESSION, NO_SESSION_ON_FASTIFY } from './no-session.js';
import { COOKIE, COOKIE_NAME, SECRET, type Surroundings, urlOf, type Variant } from './variant.js';

type Store = NonNullable<SessionOptions['store']>;

async function redisStore(around: Surroundings): Promise<Store> {
  const { createClient } = await import('redis');
  const { RedisSessionStore } = await import('nest-sessions/redis');
  const client = createClient({ url: urlOf(around, 'redis') });
  await client.connect();
  return new RedisSessionStore({ client, prefix: 'nest-sessions:' });
}

async function mongoStore(around: Surroundings): Promise<Store> {
  const { MongoClient } = await import('mongodb');
  const { MongoSessionStore } = await import('nest-sessions/mongo');
  const client = await MongoClient.connect(urlOf(around, 'mongo'));
  return new MongoSessionStore({ client, database: 'nest-sessions' });
}

async function postgresStore(around: Surroundings): Promise<Store> {
  const { Pool } = await import('pg');
  const { PostgresSessionStore } = await import('nest-sessions/postgres');
  const pool = new Pool({ connectionString: urlOf(around, 'postgres') });
  return new PostgresSessionStore({ pool, createTable: true });
}

async function memory(): Promise<Store> {
  const { MemorySessionStore } = await import('nest-sessions');
  return new MemorySessionStore();
}

async function lmdbStore({ directory }: Surroundings): Promise<Store> {
  const { LmdbSessionStore } = await import('nest-sessions/lmdb');
  return new LmdbSessionStore({ path: join(directory, 'sessions') });
}

async function sealedCookies(): Promise<Store> {
  const { SealedCookieStore } = await import('nest-sessions/cookie');
  return new SealedCookieStore();
}

type Rest = Partial<Omit<Variant, 'name' | 'prepare'>>;

function ours(
  store: string,
  make: (around: Surroundings) => Promise<Store>,
  rest: Rest,
  load: 'eager' | 'lazy' = 'eager',
): Variant {
  return {
    name: `nest-sessions, ${store}`,
    baseline: NO_SESSION,
    ...rest,
    async prepare(around) {
      const { SessionModule } = await import('nest-sessions');
      const { loadWhereUsed, OurAccounts } = await import('./nest-sessions.accounts.js');
      const options: SessionOptions = {
        secret: SECRET,
        name: COOKIE_NAME,
        cookie: COOKIE,
        requireStoreAtBoot: true,
        load,
        store: await make(around),
      };
      return {
        accounts: OurAccounts,
        imports: [SessionModule.forRoot(options)],
        ...(load === 'lazy' && { install: loadWhereUsed }),
      };
    },
  };
}

/** Where `load: 'lazy'` makes a difference. */
const LAZY_WORKS: readonly Work[] = ['unused'];

/** This package on each of its stores. */
export const nestSessionsVariants: readonly Variant[] = [
  ours('memory', memory, { peer: EXPRESS_SESSION.memory }),
  ours('memory, lazy', memory, { peer: EXPRESS_SESSION.memory, works: LAZY_WORKS }, 'lazy'),
  ours('LMDB', lmdbStore, {
    packages: ['lmdb'],
  }),
  ours('Redis', redisStore, { database: 'redis', peer: EXPRESS_SESSION.redis, packages: ['redis'] }),
  ours(
    'Redis, lazy',
    redisStore,
    { database: 'redis', peer: EXPRESS_SESSION.redis, works: LAZY_WORKS },
    'lazy',
  ),
  ours('MongoDB', mongoStore, { database: 'mongo', peer: EXPRESS_SESSION.mongo, packages: ['mongodb'] }),
  ours('PostgreSQL', postgresStore, {
    database: 'postgres',
    peer: EXPRESS_SESSION.postgres,
    packages: ['pg'],
  }),
  ours('sealed cookie', sealedCookies, {
    peer: COOKIE_SESSION,
    livesInCookie: true,
    packages: ['jose'],
  }),
  ours('memory, Fastify', memory, {
    platform: 'fastify',
    baseline: NO_SESSION_ON_FASTIFY,
    peer: FASTIFY_SESSION,
  }),
];
