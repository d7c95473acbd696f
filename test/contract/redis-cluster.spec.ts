import { Redis } from 'ioredis';
import { StoreSetupError } from 'nest-sessions';
import { RedisSessionStore } from 'nest-sessions/redis';
import { storeContract } from 'nest-sessions/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { changed, createRecord, createSessionId } from '../../src/testing/contract/records.js';
import { REDIS_DRIVERS } from '../support/redis-drivers.js';
import { redisSubject } from '../support/redis-subject.js';
import { hasServer } from '../support/servers/has-server.js';
import { type RedisCluster, startRedisCluster } from '../support/servers/redis.server.js';

describe.skipIf(!(await hasServer('redis', 'RedisSessionStore on a cluster', { own: true })))(
  'on a cluster of three',
  () => {
    let cluster: RedisCluster;

    beforeAll(async () => {
      cluster = await startRedisCluster();
    });

    afterAll(() => cluster?.stop());

    for (const driver of REDIS_DRIVERS) {
      storeContract(
        `RedisSessionStore with ${driver.name}`,
        () => redisSubject(() => driver.cluster(cluster.urls)),
        { runner: { describe, it }, rejectsAfterClose: true },
      );
    }

    /** Asks a command of one node, or of each. */
    async function ask(
      nodes: readonly { readonly url: string }[],
      ...[name, ...args]: [string, ...string[]]
    ) {
      for (const { url } of nodes) {
        const admin = new Redis(url);
        await admin.call(name, ...args);
        admin.disconnect();
      }
    }

    it.each(REDIS_DRIVERS)('$name goes on when the nodes have forgotten the scripts', async (driver) => {
      const { client, close } = await driver.cluster(cluster.urls);
      onTestFinished(async () => void (await close()));
      const store = new RedisSessionStore({ client });
      await ask(cluster.nodes, 'SCRIPT', 'FLUSH');
      const entries = Array.from({ length: 12 }, () => ({ id: createSessionId(), record: createRecord() }));
      const created = await Promise.all(entries.map(({ id, record }) => store.create(id, record)));
      expect(created).toEqual(entries.map(() => true));
      await ask(cluster.nodes, 'SCRIPT', 'FLUSH');
      for (const { id, record } of entries) {
        expect(await store.replace(id, changed(record), record.version)).toEqual({ done: true });
      }
    });

    it.each(REDIS_DRIVERS)('$name looks at every master at boot', async (driver) => {
      const { client, close } = await driver.cluster(cluster.urls);
      onTestFinished(async () => void (await close()));
      const store = new RedisSessionStore({ client });
      await store.open();
      for (const node of cluster.nodes) {
        await ask([node], 'CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
        try {
          await expect(store.open()).rejects.toThrow(StoreSetupError);
        } finally {
          await ask([node], 'CONFIG', 'SET', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
        }
      }
    });
  },
);
