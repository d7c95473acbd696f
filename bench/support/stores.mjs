// The stores of this package on servers of their own, and how to fill them with very many sessions: by their own `create`, and where
// a million calls take too long, by copying on the server from one that the store has made.
import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { MemorySessionStore } from 'nest-sessions';
import { LmdbSessionStore } from 'nest-sessions/lmdb';
import { MongoSessionStore } from 'nest-sessions/mongo';
import { PostgresSessionStore } from 'nest-sessions/postgres';
import { RedisSessionStore } from 'nest-sessions/redis';
import { Client } from 'pg';
import { createClient } from 'redis';
import { idOf } from './records.mjs';
import { server } from './servers.mjs';

/** Sessions that are made at once. */
const AT_ONCE = 5_000;
/** No sweep of the store's own while something is measured. */
const NEVER = 2 ** 31 - 1;

/** By the store itself, each session another one. */
async function fillByStore(store, { from, to, record }) {
  for (let start = from; start < to; start += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, to - start) }, (_, n) => start + n);
    await Promise.all(some.map((n) => store.create(idOf(n), record(n))));
  }
}

/** One made by the store, whose copies are all the others. */
async function firstOf(store, id, { from, record }) {
  if (!(await store.create(id, record(from)))) throw new Error(`There is a session ${from} already.`);
}

/** Lua has no SHA-256 in Redis. */
const redisIdOf = (n) => `${hash('sha1', String(n))}abc`;

async function fillRedis(store, { from, to, record }, { url, prefix }) {
  await firstOf(store, redisIdOf(from), { from, record });
  const client = await createClient({ url }).connect();
  const key = `${prefix}${redisIdOf(from)}`;
  const isKey = (await client.exists(key)) === 1;
  // The store may put more around the id than its prefix.
  const one = isKey ? key : (await client.keys(`${prefix}*${redisIdOf(from)}*`))[0];
  const [head, tail] = one.split(redisIdOf(from));
  const copy = `for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
    redis.call('COPY', KEYS[1], ARGV[3] .. redis.sha1hex(n) .. 'abc' .. ARGV[4])
  end`;
  for (let start = from + 1; start < to; start += 10_000) {
    const last = Math.min(start + 10_000, to) - 1;
    await client.eval(copy, { keys: [one], arguments: [`${start}`, `${last}`, head, tail] });
  }
  await client.close();
}

async function fillPostgres(store, { from, to, record }, { url, table }) {
  await firstOf(store, idOf(from), { from, record });
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(
    `SELECT string_agg(quote_ident(column_name), ', ') AS columns FROM information_schema.columns
     WHERE table_name = $1 AND is_generated = 'NEVER' AND column_name <> 'id'`,
    [table],
  );
  const [{ columns }] = rows;
  await client.query(
    `INSERT INTO "${table}" (id, ${columns})
     SELECT translate(rtrim(encode(sha256(n::text::bytea), 'base64'), '='), '+/', '-_'), ${columns}
     FROM generate_series($1::int, $2::int) AS n, (SELECT * FROM "${table}" WHERE id = $3) AS one`,
    [from + 1, to - 1, idOf(from)],
  );
  await client.query(`VACUUM (ANALYZE) "${table}"`);
  await client.end();
}

async function fillMongo(store, { from, to, record }, { url, database, collectionName }) {
  await firstOf(store, idOf(from), { from, record });
  const client = await MongoClient.connect(url);
  const sessions = client.db(database).collection(collectionName);
  const one = await sessions.findOne({ _id: idOf(from) });
  for (let start = from + 1; start < to; start += 10_000) {
    const length = Math.min(10_000, to - start);
    const some = Array.from({ length }, (_, n) => ({ ...one, _id: idOf(start + n) }));
    await sessions.insertMany(some, { ordered: false });
  }
  await client.close();
}

/** Stores on one server, each in a place of its own, whose name is made of letters. */
async function onServer(start, place) {
  const { url, stop } = await start().then((running) => ({ url: running.url, stop: () => running.stop() }));
  return { open: (name) => place(url, name), stop };
}

const none = Number.POSITIVE_INFINITY;

/**
 * How to start each kind. What it answers opens stores (`open(name)`) and ends (`stop()`); an opened one has the `store`, `addMany` for
 * the sessions numbered `from` up to `to`, each made by `record(n)` or copied from the first, and `idOf(n)`.
 */
export const KINDS = {
  memory: async () => ({
    async open() {
      const store = new MemorySessionStore({ maxSessions: none, maxBytes: none, sweepInterval: NEVER });
      return { store, idOf, addMany: (what) => fillByStore(store, what) };
    },
    async stop() {},
  }),
  lmdb: async () => {
    const path = await mkdtemp(join(tmpdir(), 'nest-sessions-bench-'));
    return {
      async open(name) {
        const store = new LmdbSessionStore({ path: join(path, name), sweepInterval: NEVER });
        return { store, idOf, addMany: (what) => fillByStore(store, what) };
      },
      stop: () => rm(path, { recursive: true }),
    };
  },
  redis: async () =>
    onServer((await server('redis')).startRedis, async (url, name) => {
      const prefix = `${name}:`;
      const store = new RedisSessionStore({ url, prefix });
      return { store, idOf: redisIdOf, addMany: (what) => fillRedis(store, what, { url, prefix }) };
    }),
  postgres: async () =>
    onServer((await server('postgres')).startPostgres, async (url, name) => {
      const store = new PostgresSessionStore({ url, table: name, createTable: true, sweepInterval: NEVER });
      await store.open();
      return { store, idOf, addMany: (what) => fillPostgres(store, what, { url, table: name }) };
    }),
  mongo: async () =>
    onServer((await server('mongo')).startMongo, async (url, name) => {
      const place = { database: 'bench', collectionName: name };
      const store = new MongoSessionStore({ url, ...place });
      await store.open();
      return { store, idOf, addMany: (what) => fillMongo(store, what, { url, ...place }) };
    }),
};
