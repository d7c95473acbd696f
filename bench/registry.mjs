// Measures what `SessionRegistry.list()` of a user with 10 sessions costs among 100 sessions and among very many, on each store
// of this package, and counts its round trips. Both stores of a kind take turns in one run. See README.md here.
import 'reflect-metadata';
import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { MongoClient } from 'mongodb';
import { MemorySessionStore, SessionModule, SessionRegistry, SessionService } from 'nest-sessions';
import { LmdbSessionStore } from 'nest-sessions/lmdb';
import { MongoSessionStore } from 'nest-sessions/mongo';
import { PostgresSessionStore } from 'nest-sessions/postgres';
import { RedisSessionStore } from 'nest-sessions/redis';
import { Client } from 'pg';
import { createClient } from 'redis';
import { runnerImport } from 'vite';

const FEW = 100;
const MANY = Number(process.env.SESSIONS ?? 1_000_000);
const ROUNDS = Number(process.env.ROUNDS ?? 15);
const LISTS = Number(process.env.LISTS ?? 100);
const ONLY = process.env.STORES?.split(',');
const SECRET = 'bench-secret-0123456789-abcdefghijklmnop';
const HOUR = 3_600_000;
/** Sessions that are made at once. */
const AT_ONCE = 5_000;

const servers = async (name) => (await runnerImport(`./test/support/servers/${name}.server.ts`)).module;
const idOf = (text) => hash('sha256', text, 'base64url');

/** A record as a session of an application has it, of about 500 bytes. */
function recordOf(handle, principal) {
  const now = Date.now();
  const fields = JSON.stringify({ email: 'ada@example.com', cart: 'x'.repeat(150) });
  const times = {
    createdAt: now,
    lastSeenAt: now,
    idle: HOUR,
    absoluteAt: now + 12 * HOUR,
    expiresAt: now + HOUR,
  };
  const drawn = { version: Math.floor(Math.random() * 2 ** 47), handle, ...(principal && { principal }) };
  return Object.freeze({ format: 1, fields, lengths: [7, 17, 6, 152], ...times, ...drawn, meta: '{}' });
}

/** Other people's sessions, by the store itself. */
async function fillByStore(store, count) {
  for (let start = 0; start < count; start += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - start) }, (_, n) => `other ${start + n}`);
    await Promise.all(some.map((name) => store.create(idOf(name), recordOf(name, name))));
  }
}

/** The same copied by the server itself from one that the store has made, where a million calls take too long. */
async function fillRedis(store, count, url) {
  await fillByStore(store, 1);
  const client = await createClient({ url }).connect();
  const one = await client.randomKey();
  const copy = `for n = tonumber(ARGV[1]), tonumber(ARGV[2]) do
    redis.call('COPY', KEYS[1], ARGV[3] .. redis.sha1hex(n) .. 'abc')
  end`;
  for (let start = 1; start < count; start += 10_000) {
    const last = Math.min(start + 10_000, count) - 1;
    const prefix = one.slice(0, -43);
    await client.eval(copy, { keys: [one], arguments: [`${start}`, `${last}`, prefix] });
  }
  await client.close();
}

async function fillPostgres(store, count, url) {
  await fillByStore(store, 1);
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(
    `SELECT table_name AS name, string_agg(quote_ident(column_name), ', ') AS columns FROM information_schema.columns
     WHERE table_schema = 'public' AND is_generated = 'NEVER' AND column_name NOT IN ('id') GROUP BY 1`,
  );
  const [{ name, columns }] = rows;
  const table = `"${name}"`;
  await client.query(
    `INSERT INTO ${table} (id, ${columns})
     SELECT translate(rtrim(encode(sha256(n::text::bytea), 'base64'), '='), '+/', '-_'), ${columns}
     FROM generate_series(2, $1::int) AS n, (SELECT * FROM ${table} LIMIT 1) AS one`,
    [count],
  );
  await client.query(`ANALYZE ${table}`);
  await client.end();
}

async function fillMongo(store, count, url) {
  await fillByStore(store, 1);
  const client = await MongoClient.connect(url);
  const [{ database, name }] = await collectionsOf(client);
  const sessions = client.db(database).collection(name);
  const one = await sessions.findOne();
  for (let start = 1; start < count; start += 10_000) {
    const length = Math.min(10_000, count - start);
    const some = Array.from({ length }, (_, n) => ({ ...one, _id: idOf(`other ${start + n}`) }));
    await sessions.insertMany(some, { ordered: false });
  }
  await client.close();
}

async function collectionsOf(client) {
  const { databases } = await client.db().admin().listDatabases();
  const own = databases
    .map(({ name }) => name)
    .filter((name) => !['admin', 'config', 'local'].includes(name));
  const lists = await Promise.all(
    own.map(async (database) =>
      (await client.db(database).listCollections().toArray()).map(({ name }) => ({ database, name })),
    ),
  );
  return lists.flat();
}

async function onServer(start, make, fill) {
  const server = await start();
  return {
    store: make(server.url),
    fill: (store, count) => fill(store, count, server.url),
    stop: () => server.stop(),
  };
}

const KINDS = {
  memory: async () => ({
    store: new MemorySessionStore({
      maxSessions: Number.POSITIVE_INFINITY,
      maxBytes: Number.POSITIVE_INFINITY,
    }),
    fill: fillByStore,
    stop: () => undefined,
  }),
  lmdb: async () => {
    const path = await mkdtemp(join(tmpdir(), 'nest-sessions-bench-'));
    return {
      store: new LmdbSessionStore({ path }),
      fill: fillByStore,
      stop: () => rm(path, { recursive: true }),
    };
  },
  redis: async () =>
    onServer((await servers('redis')).startRedis, (url) => new RedisSessionStore({ url }), fillRedis),
  postgres: async () =>
    onServer(
      (await servers('postgres')).startPostgres,
      (url) => new PostgresSessionStore({ url, createTable: true }),
      fillPostgres,
    ),
  mongo: async () =>
    onServer((await servers('mongo')).startMongo, (url) => new MongoSessionStore({ url }), fillMongo),
};

/** Counts what a store is asked; what its methods ask of one another is part of that. */
function countCalls(store) {
  const calls = { count: 0 };
  let isInside = false;
  for (const name of ['read', 'readMany', 'create', 'replace', 'touch', 'remove']) {
    const method = store[name].bind(store);
    store[name] = (...args) => {
      const isOwn = isInside;
      calls.count += isOwn ? 0 : 1;
      isInside = true;
      try {
        return method(...args);
      } finally {
        isInside = isOwn;
      }
    };
  }
  return calls;
}

/** An application on the store, a user with ten sessions in it, and so many sessions in all. */
async function applicationOn(start, count) {
  const { store, fill, stop } = await start();
  const calls = countCalls(store);
  const logger = { warn() {}, error: console.error };
  const sessions = SessionModule.forRoot({ secret: SECRET, store, registry: true, logger });
  const app = await NestFactory.create({ module: class Root {}, imports: [sessions] }, { logger: false });
  app.use('/login', async (_req, res) => {
    await app.get(SessionService).login('ada');
    res.end();
  });
  await app.listen(0, '127.0.0.1');
  const began = performance.now();
  await fill(store, count - 10);
  const filled = performance.now() - began;
  for (let n = 0; n < 10; n++) await fetch(`${await app.getUrl()}/login`);
  const registry = app.get(SessionRegistry);
  calls.count = 0;
  if ((await registry.list('ada')).length !== 10) throw new Error('The list has not ten sessions.');
  const trips = calls.count;
  return { registry, trips, filled, stop: () => app.close().then(stop) };
}

async function measure({ registry }) {
  const times = [];
  for (let n = 0; n < LISTS; n++) {
    const began = performance.now();
    await registry.list('ada');
    times.push((performance.now() - began) * 1_000);
  }
  return median(times);
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const results = [];
for (const [kind, start] of Object.entries(KINDS)) {
  if (ONLY !== undefined && !ONLY.includes(kind)) continue;
  const few = await applicationOn(start, FEW);
  const many = await applicationOn(start, MANY);
  const times = { few: [], many: [], ratio: [] };
  // What has only just been written or compiled would count for one of them.
  await measure(few);
  await measure(many);
  for (let round = 0; round < ROUNDS; round++) {
    const turns = round % 2 === 0 ? ['few', 'many'] : ['many', 'few'];
    for (const turn of turns) times[turn].push(await measure(turn === 'few' ? few : many));
    times.ratio.push(times.many.at(-1) / times.few.at(-1));
  }
  const ratios = times.ratio.toSorted((a, b) => a - b);
  results.push({
    store: kind,
    [`µs among ${FEW}`]: median(times.few).toFixed(0),
    [`µs among ${MANY}`]: median(times.many).toFixed(0),
    'median ratio': median(times.ratio).toFixed(2),
    'middle half': `${ratios[Math.floor(ROUNDS / 4)].toFixed(2)}–${ratios[Math.ceil((ROUNDS * 3) / 4) - 1].toFixed(2)}`,
    'calls of the store': `${few.trips} / ${many.trips}`,
    'filled in s': (many.filled / 1_000).toFixed(0),
  });
  console.table(results.slice(-1));
  await few.stop();
  await many.stop();
}
console.table(results);
process.exit(0);
