import type { DynamicModule } from '@nestjs/common';
import { StartError } from '../login-sample.js';

/** One of the places where sessions can be kept. */
export interface StoreChoice {
  /** Its name in `STORE`. */
  readonly name: string;
  /** Its name for people. */
  readonly title: string;
  /** The server that has to run, and the variable that says where. */
  readonly server?: { readonly name: string; readonly variable: string };
  /** Whether a session is its cookie, and no server knows of it. */
  readonly isCookie?: boolean;
  /** Its `SessionModule`. Only the chosen one loads its driver. */
  load(): Promise<{ readonly sessions: DynamicModule }>;
}

/** The injection token of the store that was chosen. */
export const STORE_CHOICE = Symbol('STORE');

const REDIS = { name: 'Redis', variable: 'REDIS_URL' };
const MONGODB = { name: 'MongoDB', variable: 'MONGODB_URL' };
const POSTGRES = { name: 'PostgreSQL', variable: 'POSTGRES_URL' };

const CHOICES: readonly StoreChoice[] = [
  { name: 'lmdb', title: 'LMDB files', load: () => import('./lmdb.js') },
  { name: 'redis', title: 'Redis', server: REDIS, load: () => import('./redis.js') },
  { name: 'mongo', title: 'MongoDB', server: MONGODB, load: () => import('./mongo.js') },
  { name: 'postgres', title: 'PostgreSQL', server: POSTGRES, load: () => import('./postgres.js') },
  {
    name: 'connect-redis',
    title: 'Redis, by connect-redis',
    server: REDIS,
    load: () => import('./connect-redis.js'),
  },
  {
    name: 'connect-mongo',
    title: 'MongoDB, by connect-mongo',
    server: MONGODB,
    load: () => import('./connect-mongo.js'),
  },
  { name: 'cookie', title: 'the cookie itself, sealed', isCookie: true, load: () => import('./cookie.js') },
];

/** The names that `STORE` can have. */
export const STORE_NAMES = CHOICES.map(({ name }) => name).join(', ');

/**
 * The store that `STORE` names; the embedded one when it names none.
 *
 * @throws {StartError} for a name that is none of them.
 */
export function chooseStore(name: string | undefined): StoreChoice {
  const choice = CHOICES.find((candidate) => candidate.name === (name || 'lmdb'));
  if (choice === undefined) throw new StartError(`STORE is '${name}', which is none of ${STORE_NAMES}.`);
  return choice;
}
