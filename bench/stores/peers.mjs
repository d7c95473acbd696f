// What is compared on each server: the bare driver, the store of this package, and express-session's store, all on the same
// client. Each has a `read(n)` and a `write(n)` of the session numbered n, which throw when the answer is another than it must be.
import { promisify } from 'node:util';
import connectPgSimple from 'connect-pg-simple';
import { MongoStore } from 'connect-mongo';
import { RedisStore } from 'connect-redis';
import expressSession from 'express-session';
import { MongoClient } from 'mongodb';
import { MongoSessionStore } from 'nest-sessions/mongo';
import { PostgresSessionStore } from 'nest-sessions/postgres';
import { RedisSessionStore } from 'nest-sessions/redis';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { fieldsOf, idOf, recordOf } from '../support/records.mjs';
import { server } from '../support/servers.mjs';

function check(isRight, who) {
  if (!isRight) throw new Error(`${who} gave a wrong answer.`);
}

/** The two commands that every library needs, with a text in place of a session. */
async function bareDriver({ get, set }, sessions, bytes) {
  const textOf = (n) => JSON.stringify(fieldsOf(n, bytes));
  for (let n = 0; n < sessions; n++) await set(`${n}`, textOf(n));
  const texts = Array.from({ length: sessions }, (_, n) => textOf(n));
  return {
    read: async (n) => check((await get(`${n}`)) === texts[n], 'the driver'),
    write: async (n) => void (await set(`${n}`, texts[n])),
  };
}

async function ours(store, sessions, bytes) {
  const records = Array.from({ length: sessions }, (_, n) => recordOf(n, { bytes }));
  const ids = records.map((_, n) => idOf(n));
  await store.open();
  for (let n = 0; n < sessions; n++) check(await store.create(ids[n], records[n]), 'create()');
  return {
    read: async (n) => check((await store.read(ids[n]))?.version === records[n].version, 'read()'),
    async write(n) {
      // Making the text is core's work, and measured elsewhere; express-session's stores do it themselves.
      const next = { ...records[n], version: records[n].version + 1 };
      check((await store.replace(ids[n], next, records[n].version)).done, 'replace()');
      records[n] = next;
    },
  };
}

async function expressSessions(store, sessions, bytes) {
  const get = promisify(store.get.bind(store));
  const set = promisify(store.set.bind(store));
  const cookie = { originalMaxAge: 1_800_000, expires: new Date(Date.now() + 1_800_000) };
  const data = Array.from({ length: sessions }, (_, n) => ({ cookie, ...fieldsOf(n, bytes) }));
  for (let n = 0; n < sessions; n++) await set(`${n}`, data[n]);
  return {
    read: async (n) => check((await get(`${n}`))?.email === data[n].email, 'get()'),
    write: (n) => set(`${n}`, data[n]),
  };
}

/** Starts a server of its own; answers its three peers for so many sessions of so many bytes, and what ends it. */
export const SERVERS = {
  async redis(sessions, bytes) {
    const running = await (await server('redis')).startRedis();
    const client = await createClient({ url: running.url }).connect();
    const bare = client.withCommandOptions({ timeout: 0 });
    const driver = {
      get: (key) => bare.get(`bare:${key}`),
      set: (key, text) => bare.set(`bare:${key}`, text, { expiration: { type: 'EX', value: 1_800 } }),
    };
    return {
      'bare driver': await bareDriver(driver, sessions, bytes),
      'nest-sessions': await ours(new RedisSessionStore({ client }), sessions, bytes),
      'express-session': await expressSessions(new RedisStore({ client }), sessions, bytes),
      async stop() {
        client.destroy();
        await running.stop();
      },
    };
  },

  async mongo(sessions, bytes) {
    const running = await (await server('mongo')).startMongo();
    const client = await MongoClient.connect(running.url);
    const texts = client.db('bare').collection('texts');
    const driver = {
      get: async (_id) => (await texts.findOne({ _id }))?.text,
      set: (_id, text) => texts.updateOne({ _id }, { $set: { text } }, { upsert: true }),
    };
    const peer = MongoStore.create({ client, dbName: 'connect-mongo' });
    return {
      'bare driver': await bareDriver(driver, sessions, bytes),
      'nest-sessions': await ours(new MongoSessionStore({ client }), sessions, bytes),
      'express-session': await expressSessions(peer, sessions, bytes),
      async stop() {
        await client.close();
        await running.stop();
      },
    };
  },

  async postgres(sessions, bytes) {
    const running = await (await server('postgres')).startPostgres();
    const pool = new Pool({ connectionString: running.url });
    await pool.query('CREATE TABLE bare (id text PRIMARY KEY, text text NOT NULL)');
    const select = { name: 'get', text: 'SELECT text FROM bare WHERE id = $1' };
    const upsert = {
      name: 'set',
      text: 'INSERT INTO bare VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET text = EXCLUDED.text',
    };
    const driver = {
      get: async (id) => (await pool.query({ ...select, values: [id] })).rows[0]?.text,
      set: (id, text) => pool.query({ ...upsert, values: [id, text] }),
    };
    const PgStore = connectPgSimple(expressSession);
    const peer = new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false });
    return {
      'bare driver': await bareDriver(driver, sessions, bytes),
      'nest-sessions': await ours(new PostgresSessionStore({ pool, createTable: true }), sessions, bytes),
      'express-session': await expressSessions(peer, sessions, bytes),
      async stop() {
        await pool.end();
        await running.stop();
      },
    };
  },
};
