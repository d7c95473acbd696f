import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { MongoClient, type MongoClientOptions } from 'mongodb';
import { MongoSessionStore } from 'nest-sessions/mongo';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Principal, SessionId } from '../../src/core/record.js';
import { changed, createRecord, createSessionId, textOf } from '../../src/testing/contract/records.js';
import { recordCommands } from '../support/mongo-commands.js';
import { rejectionOf } from '../support/rejection-of.js';
import { hasServer } from '../support/servers/has-server.js';
import { type MongoServer, startMongo } from '../support/servers/mongo.server.js';
import { startProxy, type TcpProxy } from '../support/servers/tcp-proxy.js';

describe.skipIf(!(await hasServer('mongo', 'MongoSessionStore on a replica set', { own: true })))(
  'MongoSessionStore on a replica set',
  () => {
    let server: MongoServer;
    let clients: MongoClient[];
    let collectionName: string;

    beforeAll(async () => {
      server = await startMongo({ replicaSet: true });
    });

    afterAll(() => server?.stop());

    beforeEach(() => {
      clients = [];
      collectionName = `set_${randomUUID()}`;
    });

    afterEach(async () => {
      await Promise.all(clients.map((client) => client.close()));
    });

    function connect(options: MongoClientOptions = {}, url = server.url): MongoClient {
      const client = new MongoClient(url, {
        monitorCommands: true,
        serverSelectionTimeoutMS: 5_000,
        ...options,
      });
      clients.push(client);
      return client;
    }

    it.each([
      ['available', 'local'],
      ['majority', 'local'],
      ['linearizable', 'linearizable'],
    ] as const)(
      'P1 reads from the primary what was acknowledged, with a client for secondaries and read concern %s',
      async (level, expected) => {
        const client = connect();
        // There is no secondary: a read that goes by this preference finds no server.
        const options = { readPreference: 'secondary', readConcern: { level } } as const;
        const store = new MongoSessionStore({ collection: client.db().collection(collectionName, options) });
        await store.open();
        const [id, record] = [createSessionId(), createRecord()];
        await store.create(id, record);
        const sent = recordCommands(client);
        expect(await store.read(id)).toEqual(record);
        expect(await store.readMany([id])).toEqual([record]);
        expect(await store.replace(id, record, changed(record).version)).toEqual({ done: true });
        expect(await store.remove(id)).toEqual(record);
        expect(sent.map(({ name, command }) => (name === 'find' ? command.readConcern : name))).toEqual([
          { level: expected },
          { level: expected },
          'update',
          { level: expected },
          'findAndModify',
        ]);
      },
    );

    it('writes with the write concern of the application', async () => {
      const client = connect({ writeConcern: { w: 1, journal: true } });
      const collection = client
        .db()
        .collection(collectionName, { writeConcern: { w: 'majority', wtimeoutMS: 4_000 } });
      const [id, record] = [createSessionId(), createRecord()];
      for (const [options, expected] of [
        [
          { client, collectionName },
          { w: 1, j: true },
        ],
        [{ collection }, { w: 'majority', wtimeout: 4_000 }],
      ] as const) {
        const store = new MongoSessionStore(options);
        await store.open();
        const sent = recordCommands(client);
        await store.create(id, record);
        await store.replace(id, { ...record, version: changed(record).version }, record.version);
        await store.touch(id, record.version, 0, 0);
        await store.remove(id);
        expect(sent.map(({ command }) => command.writeConcern)).toEqual([
          expected,
          expected,
          expected,
          expected,
        ]);
        client.removeAllListeners('commandStarted');
      }
    });

    it('P7 tells nothing of a session when the write concern cannot be met', async () => {
      const client = connect();
      const able = new MongoSessionStore({ client, collectionName });
      const collection = client.db().collection(collectionName, { writeConcern: { w: 2, wtimeoutMS: 100 } });
      const store = new MongoSessionStore({ collection, createIndexes: false });
      const record = createRecord({
        ...textOf({ email: 'private@example.com' }),
        principal: 'private-principal' as Principal,
      });
      const next = changed(record);
      const calls = [
        () => store.create(createSessionId(), record),
        (id: SessionId) => store.replace(id, { ...record, version: next.version }, record.version),
        (id: SessionId) => store.touch(id, record.version, record.lastSeenAt, record.expiresAt),
        (id: SessionId) => store.remove(id),
      ];
      for (const call of calls) {
        const id = createSessionId();
        await able.create(id, record);
        const error = await rejectionOf(call(id));
        expect(error).toMatchObject({ name: 'MongoWriteConcernError', code: expect.any(Number) });
        expect(String(error)).toMatch(/MongoWriteConcernError: ./);
        expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/private/);
      }
    });

    describe('when the answer to a write is lost', () => {
      let proxy: TcpProxy;
      let store: MongoSessionStore;
      let sent: ReturnType<typeof recordCommands>;

      beforeEach(async () => {
        proxy = await startProxy(server);
        // Only so much as to keep monitoring off the connection whose answer is dropped.
        const client = connect({ heartbeatFrequencyMS: 60_000 }, proxied('?directConnection=true'));
        store = new MongoSessionStore({ client, collectionName });
        await store.open();
        sent = recordCommands(client);
      });

      afterEach(() => proxy.stop());

      function proxied(query: string): string {
        return `mongodb://${proxy.host}:${proxy.port}/${query}`;
      }

      const names = () => sent.map(({ name }) => name);

      /** The server does what it is asked for, and the answer never comes; what is asked next is answered. */
      async function losingTheAnswer<T>(operation: () => Promise<T>): Promise<T> {
        const spoiltBefore = proxy.spoilt;
        proxy.dropAnswers(1);
        try {
          return await operation();
        } finally {
          proxy.pass();
          expect(proxy.spoilt - spoiltBefore).toBe(1);
        }
      }

      it('P2 a create, a replace, a touch and a remove that are sent again count once', async () => {
        const [id, record] = [createSessionId(), createRecord()];
        const next = changed(record);
        expect(await losingTheAnswer(() => store.create(id, record))).toBe(true);
        expect(await losingTheAnswer(() => store.replace(id, next, record.version))).toEqual({ done: true });
        const times = [next.lastSeenAt + 1, next.expiresAt + 1] as const;
        expect(await losingTheAnswer(() => store.touch(id, next.version, ...times))).toBe(true);
        expect(await losingTheAnswer(() => store.remove(id))).toEqual({
          ...next,
          lastSeenAt: times[0],
          expiresAt: times[1],
        });
        expect(names()).toEqual(
          ['insert', 'update', 'update', 'findAndModify'].flatMap((name) => [name, name]),
        );
        expect(await store.read(id)).toBeUndefined();
      });

      it('P2 the caller that asks again itself is told that it is done, when the driver does not', async () => {
        const client = connect(
          { heartbeatFrequencyMS: 60_000 },
          proxied('?directConnection=true&retryWrites=false'),
        );
        store = new MongoSessionStore({ client, collectionName });
        await store.open();
        const [id, record] = [createSessionId(), createRecord()];
        const next = changed(record);
        await expect(losingTheAnswer(() => store.create(id, record))).rejects.toThrow(Error);
        expect(await store.create(id, record)).toBe(true);
        await expect(losingTheAnswer(() => store.replace(id, next, record.version))).rejects.toThrow(Error);
        expect(await store.replace(id, next, record.version)).toEqual({ done: true });
        expect(await store.read(id)).toEqual(next);
      });
    });
  },
);
