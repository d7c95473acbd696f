// The store that the soak's application is on. Its sweeps come often, so that a short run has many of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SPEED = 30;
const start = Date.now();

/** A clock that runs faster, so that the shortest times that the package takes come often: four seconds are two minutes. */
export const clock = { now: () => start + (Date.now() - start) * SPEED };

const SWEEP = { sweepInterval: 1_000, clock };

const STORES = {
  memory: async () => new (await import('nest-sessions')).MemorySessionStore(SWEEP),
  redis: async (url) => new (await import('nest-sessions/redis')).RedisSessionStore({ url, clock }),
  mongo: async (url) => new (await import('nest-sessions/mongo')).MongoSessionStore({ url, clock }),
  postgres: async (url) =>
    new (await import('nest-sessions/postgres')).PostgresSessionStore({ url, createTable: true, ...SWEEP }),
  lmdb: async () => {
    const path = mkdtempSync(join(tmpdir(), 'nest-sessions-soak-'));
    process.on('exit', () => rmSync(path, { recursive: true, force: true }));
    return new (await import('nest-sessions/lmdb')).LmdbSessionStore({ path, ...SWEEP });
  },
};

/** The store by its name. */
export async function storeAt(name, url) {
  if (STORES[name] === undefined)
    throw new Error(`There is no store ${name}. There are ${Object.keys(STORES)}.`);
  return STORES[name](url);
}
