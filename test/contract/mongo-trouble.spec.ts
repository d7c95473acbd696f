import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { MongoClient } from 'mongodb';
import { MongoClient as MongoClient6 } from 'mongodb-6';
import { StoreSetupError } from 'nest-sessions';
import { MongoSessionStore, sessionIndexes } from 'nest-sessions/mongo';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRecord, createSessionId, textOf } from '../../src/testing/contract/records.js';
import { freePort } from '../support/servers/free-port.js';
import { hasServer } from '../support/servers/has-server.js';
import { type MongoServer, startMongo } from '../support/servers/mongo.server.js';
import { startProxy } from '../support/servers/tcp-proxy.js';
import { within } from '../support/within.js';

const PASSWORD = 'a p@ss:word/';

describe.skipIf(!(await hasServer('mongo', 'MongoSessionStore in trouble', { own: true })))(
  'MongoSessionStore in trouble',
  () => {
    let server: MongoServer;
    let admin: MongoClient;
    let name: string;
    let stores: MongoSessionStore[];

    beforeAll(async () => {
      server = await startMongo({ password: PASSWORD });
      admin = new MongoClient(server.url);
    });

    afterAll(async () => {
      await admin?.close();
      await server?.stop();
    });

    beforeEach(() => {
      name = `trouble_${randomUUID().slice(0, 8)}`;
      stores = [];
    });

    afterEach(async () => {
      await Promise.all(stores.map((store) => store.close()));
    });

    function open(options: ConstructorParameters<typeof MongoSessionStore>[0]): MongoSessionStore {
      const store = new MongoSessionStore(options);
      stores.push(store);
      return store;
    }

    function urlFor(user: string, password: string, port = server.port): string {
      return `mongodb://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}?authSource=admin&directConnection=true`;
    }

    async function failureOf(call: () => Promise<unknown>): Promise<unknown> {
      return within(15_000, () => 'the call did not end', call()).then(
        (answer) => expect.fail(`It answered ${inspect(answer)}.`),
        (error: unknown) => error,
      );
    }

    /** What a log would show of it at the very most. */
    const shown = (error: unknown) => inspect(error, { depth: 10, showHidden: true });

    it('P7 says that the password is wrong, and never which', async () => {
      const store = open({ url: urlFor('root', 'not-it-7391') });
      for (const call of [() => store.open(), () => store.read(createSessionId())]) {
        const error = await failureOf(call);
        expect(error).not.toBeInstanceOf(StoreSetupError);
        expect(shown(error)).toMatch(/Authentication failed/);
        expect(shown(error)).not.toMatch(/not-it-7391/);
      }
    });

    it('P7 P10 says that nothing answers there, in time and without the password', async () => {
      const store = open({ url: urlFor('root', 'secret-7391', await freePort()) });
      const error = await failureOf(() => store.open());
      expect(error).not.toBeInstanceOf(StoreSetupError);
      expect(shown(error)).toMatch(/ECONNREFUSED/);
      expect(shown(error)).not.toMatch(/secret-7391/);
      expect(shown(await failureOf(() => store.read(createSessionId())))).not.toMatch(/secret-7391/);
    });

    it('works with the client’s URL as it is, database and special characters included', async () => {
      const store = open({ url: urlFor('root', PASSWORD) });
      await store.open();
      const [id, record] = [createSessionId(), createRecord()];
      await store.create(id, record);
      expect(await admin.db(name).collection('nest_sessions').countDocuments()).toBe(1);
      const elsewhere = open({
        url: urlFor('root', PASSWORD),
        database: `${name}_b`,
        collectionName: 'logins',
      });
      expect(await elsewhere.read(id)).toBeUndefined();
      await elsewhere.create(id, record);
      expect(await admin.db(`${name}_b`).collection('logins').countDocuments()).toBe(1);
    });

    it('P11 stops the application when its user may not make the indexes, and tells what to do', async () => {
      const privileges = [
        { resource: { db: name, collection: '' }, actions: ['find', 'insert', 'update', 'remove'] },
      ];
      await admin.db(name).command({ createRole: 'writer', privileges, roles: [] });
      await admin.db(name).command({ createUser: 'app', pwd: 'x', roles: ['writer'] });
      const url = urlFor('app', 'x').replace('authSource=admin', `authSource=${name}`);
      const store = open({ url });
      const error = await failureOf(() => store.open());
      expect(error).toBeInstanceOf(StoreSetupError);
      expect(String(error)).toMatch(/role readWrite.*createIndexes: false/);
      const [id, record] = [createSessionId(), createRecord()];
      expect(await store.create(id, record)).toBe(true);

      await admin.db(name).collection('nest_sessions').createIndexes(sessionIndexes());
      const own = open({ url, createIndexes: false });
      await own.open();
      expect(await own.read(id)).toEqual(record);
    });

    it('P7 quotes no session when the collection’s validator refuses it', async () => {
      await admin.db(name).createCollection('nest_sessions', { validator: { fields: { $type: 'object' } } });
      const store = open({ client: admin, database: name });
      const record = createRecord(textOf({ email: 'private@example.com' }));
      const error = await failureOf(() => store.create(createSessionId(), record));
      expect(shown(error)).toMatch(/has a validator/);
      expect(shown(error)).not.toMatch(/private@example/);
      const id = createSessionId();
      await admin
        .db(name)
        .collection<{ _id: string }>('nest_sessions')
        .insertOne({ _id: id, version: 5 } as never, { bypassDocumentValidation: true });
      const replacing = await failureOf(() => store.replace(id, record, 5 as never));
      expect(shown(replacing)).toMatch(/has a validator/);
      expect(shown(replacing)).not.toMatch(/private@example/);
    });

    it('P7 quotes no session when a unique index of another program refuses it', async () => {
      await admin.db(name).collection('nest_sessions').createIndex({ fields: 1 }, { unique: true });
      const store = open({ client: admin, database: name });
      const taken = createRecord(textOf({ email: 'private@example.com' }));
      const [id, record] = [createSessionId(), createRecord(textOf({ email: 'other@example.com' }))];
      await store.create(createSessionId(), taken);
      await store.create(id, record);
      const error = await failureOf(() => store.replace(id, taken, record.version));
      expect(shown(error)).toMatch(/unique index of another program/);
      expect(shown(error)).not.toMatch(/private@example/);
    });

    it('gives up when an id is taken and free again for ever', async () => {
      await admin.db(name).collection('nest_sessions').createIndex({ meta: 1 }, { unique: true });
      const store = open({ client: admin, database: name });
      expect(await store.create(createSessionId(), createRecord())).toBe(true);
      const error = await failureOf(() => store.create(createSessionId(), createRecord()));
      expect(String(error)).toMatch(/unique index of another program/);
    });

    it('leaves the client that it was given open, and closes the one that it made', async () => {
      const proxy = await startProxy(server);
      const url = urlFor('root', PASSWORD, proxy.port);
      const client = new MongoClient(url);
      try {
        const given = open({ client });
        const [id, record] = [createSessionId(), createRecord()];
        await given.create(id, record);
        await given.close();
        expect(await client.db().collection('nest_sessions').countDocuments()).toBe(1);
        await client.close();
        await expect.poll(() => proxy.connections, { timeout: 10_000 }).toBe(0);

        const own = open({ url });
        expect(await own.read(id)).toEqual(record);
        expect(proxy.connections).toBeGreaterThan(0);
        await own.close();
        await expect.poll(() => proxy.connections, { timeout: 10_000 }).toBe(0);
      } finally {
        await client.close();
        await proxy.stop();
      }
    });

    it('finishes what is under way before it closes the client', async () => {
      const store = open({ url: urlFor('root', PASSWORD) });
      const ids = Array.from({ length: 30 }, createSessionId);
      const creating = Promise.all(ids.map((id) => store.create(id, createRecord())));
      await store.close();
      expect(await creating).toEqual(ids.map(() => true));
      const later = open({ url: urlFor('root', PASSWORD) });
      expect((await later.readMany(ids)).every(Boolean)).toBe(true);
    });

    it('fails at once after the application closed the client that it gave', async () => {
      const client = new MongoClient(server.url);
      const store = open({ client, database: name });
      await store.open();
      await client.close();
      expect(await failureOf(() => store.read(createSessionId()))).toBeInstanceOf(Error);
    });

    it.each([
      ['driver 7', MongoClient],
      ['driver 6', MongoClient6],
    ])(
      'P10 works by itself when the server was not there at first, on a collection of %s',
      { timeout: 60_000 },
      async (_, Client) => {
        await server.kill();
        const client = new Client(server.url, { serverSelectionTimeoutMS: 500 });
        try {
          const store = open({ collection: client.db(name).collection('nest_sessions') });
          // The first attempt to connect, which the driver makes no second time, and one after it.
          await failureOf(() => store.open());
          await failureOf(() => store.read(createSessionId()));
          await server.restart();
          const [id, record] = [createSessionId(), createRecord()];
          await expect.poll(() => store.create(id, record).catch(String), { timeout: 30_000 }).toBe(true);
          expect(await store.read(id)).toEqual(record);
        } finally {
          await client.close();
          await server.restart();
        }
      },
    );

    it('P10 works again by itself when the server is back, with what it was told is done', async () => {
      const store = open({ url: urlFor('root', PASSWORD) });
      const [id, record] = [createSessionId(), createRecord()];
      await store.create(id, record);
      await server.kill();
      await failureOf(() => store.read(id));
      await server.restart();
      await expect.poll(() => store.read(id).catch(() => 'trouble'), { timeout: 30_000 }).toEqual(record);
    });
  },
);
