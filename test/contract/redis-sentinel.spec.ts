import { Redis } from 'ioredis';
import { RedisSessionStore } from 'nest-sessions/redis';
import { storeContract } from 'nest-sessions/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, createRecord, createSessionId } from '../../src/testing/contract/records.js';
import { type AppClient, REDIS_DRIVERS } from '../support/redis-drivers.js';
import { redisSubject } from '../support/redis-subject.js';
import { hasServer } from '../support/servers/has-server.js';
import { type RedisSentinel, startRedisSentinel } from '../support/servers/redis.server.js';
import { within } from '../support/within.js';

const LIMIT_MS = 40_000;

describe.skipIf(!(await hasServer('redis', 'RedisSessionStore with Sentinel', { own: true })))(
  'with Sentinel',
  () => {
    let place: RedisSentinel;

    beforeAll(async () => {
      place = await startRedisSentinel();
    });

    afterAll(() => place?.stop());

    describe.each(REDIS_DRIVERS)('the contract', (driver) => {
      const clients: AppClient[] = [];
      let taken = 0;

      /** One of two connections by turns: a client of node-redis takes half a second to find the master. */
      async function take(): Promise<AppClient> {
        const one = clients[taken % 2] ?? (await driver.sentinel(place));
        clients[taken++ % 2] = one;
        return { client: one.client, close: async () => undefined };
      }

      afterAll(() => Promise.all(clients.map(({ close }) => close())));

      // The clients of node-redis have `replicaPoolSize: 1`: they would read from the replica.
      storeContract(`RedisSessionStore with ${driver.name}`, () => redisSubject(take), {
        runner: { describe, it },
        rejectsAfterClose: true,
        rounds: 50,
      });
    });

    it.each(REDIS_DRIVERS)(
      'P1 $name reads from the master, however far behind the replica is',
      async (driver) => {
        const { client, close } = await driver.sentinel(place);
        const store = new RedisSessionStore({ client });
        await store.open();
        // A stopped replica answers nothing at all.
        await place.replica.pause();
        try {
          for (let round = 0; round < 10; round++) {
            const [id, record] = [createSessionId(), createRecord()];
            const asking = async () => {
              await store.create(id, record);
              expect(await store.readMany([id, id])).toEqual([record, record]);
              expect(await store.remove(id)).toEqual(record);
              expect(await store.read(id)).toBeUndefined();
            };
            await within(LIMIT_MS, () => 'the replica was asked', asking());
          }
        } finally {
          await place.replica.resume();
          await close();
        }
      },
    );

    // The last test: it ends the master.
    it(
      'P10 goes on with the new master after a failover',
      async () => {
        const clients: AppClient[] = [];
        for (const driver of REDIS_DRIVERS) {
          clients.push(await driver.sentinel(place));
        }
        const stores = clients.map(({ client }) => new RedisSessionStore({ client }));
        const ids = stores.map(() => createSessionId());
        const records = ids.map(() => createRecord());
        for (const [index, store] of stores.entries()) {
          await store.create(ids[index]!, records[index]!);
        }
        const master = new Redis(place.master.url);
        expect(await master.wait(1, 10_000)).toBe(1);
        master.disconnect();
        await place.master.kill();

        const goesOn = stores.map(async (store, index) => {
          const [id, record] = [ids[index]!, records[index]!];
          const next = changed(record);
          await untilDone(
            () => store.replace(id, next, record.version),
            ({ done }) => done,
          );
          expect(await store.read(id)).toEqual(next);
          expect(await store.remove(id)).toEqual(next);
        });
        await within(LIMIT_MS, () => 'a store did not go on', Promise.all(goesOn));
        await Promise.all(clients.map(({ close }) => close()));
      },
      2 * LIMIT_MS,
    );
  },
);

/** Asks again and again, as requests do, until it works; each attempt has a limit, as the gateway gives it. */
async function untilDone<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<void> {
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    try {
      if (isDone(await within(1_000, () => 'no answer', ask()))) {
        return;
      }
    } catch (error) {
      if (Date.now() > end) {
        throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
