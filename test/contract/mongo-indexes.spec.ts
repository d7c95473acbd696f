import { randomUUID } from 'node:crypto';
import { type Collection, MongoClient } from 'mongodb';
import { StoreSetupError } from 'nest-sessions';
import { MongoSessionStore, sessionIndexes } from 'nest-sessions/mongo';
import { fakeClock } from 'nest-sessions/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { changed, createRecord, createSessionId } from '../../src/testing/contract/records.js';
import { recordCommands } from '../support/mongo-commands.js';
import { hasServer } from '../support/servers/has-server.js';
import { type MongoServer, startMongo } from '../support/servers/mongo.server.js';

const MARGIN = 10 * 60_000;

describe.skipIf(!(await hasServer('mongo', 'the indexes of MongoSessionStore', { own: true })))(
  'the indexes of MongoSessionStore',
  () => {
    let server: MongoServer;
    let client: MongoClient;
    let collection: Collection<{ _id: string; purgeAt: Date }>;

    beforeAll(async () => {
      server = await startMongo({ args: ['--setParameter', 'ttlMonitorSleepSecs=1'] });
      client = new MongoClient(server.url, { monitorCommands: true });
    });

    afterAll(async () => {
      await client?.close();
      await server?.stop();
    });

    beforeEach(() => {
      collection = client.db().collection(`indexes_${randomUUID()}`);
    });

    async function madeIndexes(): Promise<unknown[]> {
      const indexes = await collection.indexes();
      return indexes.slice(1).map(({ key, expireAfterSeconds, partialFilterExpression }) => ({
        key,
        ...(expireAfterSeconds === undefined ? {} : { expireAfterSeconds }),
        ...(partialFilterExpression === undefined ? {} : { partialFilterExpression }),
      }));
    }

    it('are made at open: one to expire by, one to find a principal by', async () => {
      const store = new MongoSessionStore({ collection });
      await store.open();
      expect(await madeIndexes()).toEqual([
        { key: { purgeAt: 1 }, expireAfterSeconds: 0 },
        { key: { principal: 1 }, partialFilterExpression: { principal: { $exists: true } } },
      ]);
      await store.open();
      await new MongoSessionStore({ collection }).open();
      expect(await madeIndexes()).toHaveLength(2);
    });

    it('are used: by principal no other document is looked at', async () => {
      const store = new MongoSessionStore({ collection });
      await store.open();
      for (const principal of ['u1', 'u2', 'u2', undefined]) {
        await store.create(createSessionId(), {
          ...createRecord(),
          ...(principal && { principal }),
        } as never);
      }
      const plan = await collection.find({ principal: 'u1' } as object).explain('executionStats');
      expect(plan.executionStats).toMatchObject({ nReturned: 1, totalDocsExamined: 1 });
    });

    it('P6 let MongoDB delete what expired, ten minutes later and by its own clock', async () => {
      // A clock of the application's that is years behind: by the times in the records all of this is long over.
      const clock = fakeClock(Date.UTC(2001, 0, 1));
      const store = new MongoSessionStore({ collection, clock });
      await store.open();
      const [kept, touched, replaced, purged] = Array.from({ length: 4 }, createSessionId);
      const record = createRecord({ lastSeenAt: clock.now(), expiresAt: clock.now() + 60_000 });
      const before = Date.now();
      for (const id of [kept, touched, replaced, purged]) {
        await store.create(id!, record);
      }
      const moved = record.expiresAt + 3_600_000;
      await store.touch(touched!, record.version, record.lastSeenAt + 1, moved);
      await store.replace(replaced!, { ...changed(record), expiresAt: moved }, record.version);
      const purgeAt = async (id: string | undefined) =>
        (await collection.findOne({ _id: id ?? '' }))?.purgeAt.getTime() ?? 0;
      for (const [id, left] of [
        [kept, 60_000],
        [touched, 3_660_000],
        [replaced, 3_660_000],
      ] as const) {
        expect(await purgeAt(id)).toBeGreaterThanOrEqual(before + left + MARGIN);
        expect(await purgeAt(id)).toBeLessThanOrEqual(Date.now() + left + MARGIN);
      }
      // As if the time had come.
      await collection.updateOne({ _id: purged! }, { $set: { purgeAt: new Date(Date.now() - 1) } });
      await vi.waitFor(async () => expect(await store.read(purged!)).toBeUndefined(), { timeout: 15_000 });
      expect((await store.readMany([kept!, touched!, replaced!])).every(Boolean)).toBe(true);
    });

    it('are made beside the first operation when the store was not opened', async () => {
      const store = new MongoSessionStore({ collection });
      await store.read(createSessionId());
      await vi.waitFor(async () => expect(await madeIndexes()).toHaveLength(2), { timeout: 10_000 });
    });

    it('are made once, however many operations there are', async () => {
      const sent = recordCommands(client);
      const store = new MongoSessionStore({ collection });
      await Promise.all(Array.from({ length: 20 }, () => store.read(createSessionId())));
      await store.read(createSessionId());
      await store.open();
      expect(sent.filter(({ name }) => name === 'createIndexes')).toHaveLength(1);
    });

    it('are never waited for, and a failure is tried again after a while only', async () => {
      let attempts = 0;
      let answer: (error: Error) => void = () => undefined;
      const stuck = {
        collectionName: collection.collectionName,
        findOne: collection.findOne.bind(collection),
        find: collection.find.bind(collection),
        insertOne: collection.insertOne.bind(collection),
        replaceOne: collection.replaceOne.bind(collection),
        updateOne: collection.updateOne.bind(collection),
        findOneAndDelete: collection.findOneAndDelete.bind(collection),
        createIndexes: () => {
          attempts++;
          return new Promise((_resolve, reject) => (answer = reject));
        },
      };
      const store = new MongoSessionStore({ collection: stuck });
      const [id, record] = [createSessionId(), createRecord()];
      expect(await store.create(id, record)).toBe(true);
      expect(await store.read(id)).toEqual(record);
      expect(attempts).toBe(1);
      answer(new Error('no index today'));
      await store.read(id);
      await store.read(id);
      expect(attempts).toBe(1);
      const opened = store.open();
      await vi.waitFor(() => expect(attempts).toBe(2), { timeout: 5_000 });
      answer(new Error('nor now'));
      await expect(opened).rejects.toThrow('nor now');
      vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 61_000);
      await store.read(id).finally(() => vi.restoreAllMocks());
      expect(attempts).toBe(3);
      answer(new Error('the test is over'));
    });

    it('may be the application’s own: nothing is made then, and ours are no conflict', async () => {
      const sent = recordCommands(client);
      const store = new MongoSessionStore({ collection, createIndexes: false });
      await store.open();
      await store.create(createSessionId(), createRecord());
      expect(sent.map(({ name }) => name)).toEqual(['find', 'insert']);
      expect(await madeIndexes()).toEqual([]);
      await collection.createIndexes(sessionIndexes());
      expect(await madeIndexes()).toHaveLength(2);
      await new MongoSessionStore({ collection }).open();
      expect(await madeIndexes()).toHaveLength(2);
    });

    it.each([
      ['a TTL that would delete at another time', { purgeAt: 1 }, { expireAfterSeconds: 3_600 }],
      ['an index without a TTL', { purgeAt: 1 }, {}],
      ['an index of principals that has other documents', { principal: 1 }, { unique: true }],
    ] as const)('P11 stop the application at %s', async (_what, key, options) => {
      await collection.createIndex(key, options);
      const store = new MongoSessionStore({ collection });
      const opening = store.open();
      await expect(opening).rejects.toThrow(StoreSetupError);
      await expect(opening).rejects.toThrow(/other options. Drop that index.*sessionIndexes\(\)/);
      const id = createSessionId();
      expect(await store.create(id, createRecord())).toBe(true);
    });
  },
);
