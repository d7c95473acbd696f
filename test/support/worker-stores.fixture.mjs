// The store that a worker is to use, made of the plain data that its parent sent.
const makers = {
  async memory(options) {
    const { MemorySessionStore } = await import('../../dist/esm/index.js');
    return new MemorySessionStore(options);
  },

  async lmdb(options) {
    const { LmdbSessionStore } = await import('../../dist/esm/stores/lmdb/index.js');
    return new LmdbSessionStore(options);
  },

  async redis({ driver, url, ...options }) {
    const { RedisSessionStore } = await import('../../dist/esm/stores/redis/index.js');
    return new RedisSessionStore({ ...options, ...(await redisClient(driver, url)) });
  },

  async mongo(options) {
    const { MongoSessionStore } = await import('../../dist/esm/stores/mongo/index.js');
    return new MongoSessionStore(options);
  },

  async postgres(options) {
    const { PostgresSessionStore } = await import('../../dist/esm/stores/postgres/index.js');
    return new PostgresSessionStore(options);
  },
};

/** A client as an application would make it; without a driver the store makes its own. */
async function redisClient(driver, url) {
  if (driver === undefined) {
    return { url };
  }
  if (driver === 'ioredis') {
    const { Redis } = await import('ioredis');
    const client = new Redis(url);
    client.on('error', () => undefined);
    return { client };
  }
  const { createClient } = await import('redis');
  const client = createClient({ url });
  client.on('error', () => undefined);
  await client.connect();
  return { client };
}

export function makeStore({ kind, ...options }) {
  return makers[kind](options);
}
