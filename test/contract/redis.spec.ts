import { randomUUID } from 'node:crypto';
import { RedisSessionStore } from 'nest-sessions/redis';
import { storeContract } from 'nest-sessions/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { REDIS_DRIVERS } from '../support/redis-drivers.js';
import { redisSubject } from '../support/redis-subject.js';
import { hasServer } from '../support/servers/has-server.js';
import { type RedisServer, startRedis } from '../support/servers/redis.server.js';

describe.skipIf(!(await hasServer('redis', 'RedisSessionStore')))('on one server', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedis();
  });

  afterAll(() => server?.stop());

  for (const driver of REDIS_DRIVERS) {
    storeContract(
      `RedisSessionStore with ${driver.name}`,
      () => redisSubject(() => driver.single(server.url)),
      {
        runner: { describe, it },
        rejectsAfterClose: true,
      },
    );
  }

  storeContract(
    'RedisSessionStore with a url',
    async () => {
      const prefix = `${randomUUID()}:`;
      const open = async () => {
        const store = new RedisSessionStore({ url: server.url, prefix });
        stores.push(store);
        return store;
      };
      const stores: RedisSessionStore[] = [];
      return {
        store: await open(),
        reopen: open,
        async close() {
          await Promise.all(stores.map((store) => store.close()));
        },
      };
    },
    { runner: { describe, it }, rejectsAfterClose: true },
  );
});
