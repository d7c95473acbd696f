import { inspect } from 'node:util';
import { type Collection, MongoClient } from 'mongodb';
import { MongoClient as MongoClient6 } from 'mongodb-6';
import mongoose from 'mongoose';
import { describe, expect, it } from 'vitest';
import { StoreSetupError } from '../../core/store-setup.error.js';
import { createSessionId } from '../../testing/contract/records.js';
import { MongoSessionStore } from './index.js';
import { loadMongodb } from './load-mongodb.js';
import { CollectionAtUrl } from './own-client.js';

/** Nothing listens there, and nothing here connects. */
const NOWHERE = 'mongodb://127.0.0.1:1';

describe('MongoSessionStore', () => {
  describe('its options', () => {
    const client = new MongoClient(NOWHERE);
    const collection = client.db().collection('sessions');

    it.each([
      ['nothing', {}],
      ['two places', { client, collection }],
      ['two other places', { client, url: NOWHERE }],
    ])('must name one place: %s', (_what, options) => {
      const make = () => Reflect.construct(MongoSessionStore, [options]);
      expect(make).toThrow(TypeError);
      expect(make).toThrow(/needs one of collection, client and url.*connection\.getClient\(\)/s);
    });

    it.each([
      [
        'client',
        mongoose.createConnection(),
        /given as client. Give a MongoClient, or connection\.getClient/,
      ],
      ['client', null, /given as client/],
      ['collection', client, /given as collection. Give a collection of the driver's/],
      ['collection', 'sessions', /given as collection/],
      ['url', '', /option url/],
      ['url', 5, /option url/],
    ])('must be what they are called: %s', (option, value, message) => {
      const make = () => Reflect.construct(MongoSessionStore, [{ [option]: value }]);
      expect(make).toThrow(TypeError);
      expect(make).toThrow(message);
    });

    it.each(['database', 'collectionName'])('must name a %s or leave it out', (option) => {
      expect(() => new MongoSessionStore({ client, [option]: '' })).toThrow(`option ${option}`);
    });
  });

  describe('write concern w: 0', () => {
    const off = { writeConcern: { w: 0 } } as const;

    it.each([
      ['the client', () => ({ client: new MongoClient(NOWHERE, off) })],
      ['the client of driver 6', () => ({ client: new MongoClient6(NOWHERE, off) })],
      ['the client’s URL', () => ({ client: new MongoClient(`${NOWHERE}/?w=0`) })],
      [
        'the database',
        () => ({ collection: new MongoClient(NOWHERE).db('app', off).collection('sessions') }),
      ],
      ['the collection', () => ({ collection: new MongoClient(NOWHERE).db().collection('sessions', off) })],
    ])('is refused at once where %s sets it', (_where, options) => {
      const make = () => new MongoSessionStore(options());
      expect(make).toThrow(StoreSetupError);
      expect(make).toThrow(/not acknowledged.*Set w: 'majority'/);
    });

    it('is refused at open, and by every operation, where the URL of an own client sets it', async () => {
      const store = new MongoSessionStore({ url: `${NOWHERE}/?w=0` });
      await expect(store.open()).rejects.toThrow(StoreSetupError);
      await expect(store.read(createSessionId())).rejects.toThrow(/not acknowledged/);
      await store.close();
    });
  });

  describe('a client of its own', () => {
    async function optionsFor(url: string): Promise<Collection> {
      const place = new CollectionAtUrl({ url, name: 'sessions' });
      // The driver's own collection, of which the store knows a few methods.
      const { driver } = await place.sessions();
      await place.close();
      return driver as unknown as Collection;
    }

    it('writes to the majority’s disks and gives up while somebody still waits, unless the URL says otherwise', async () => {
      const plain = await optionsFor(NOWHERE);
      expect(plain.writeConcern).toMatchObject({ w: 'majority', journal: true });
      expect(plain.db.client.options).toMatchObject({
        serverSelectionTimeoutMS: 3_000,
        waitQueueTimeoutMS: 3_000,
        connectTimeoutMS: 5_000,
      });
      const chosen = await optionsFor(`${NOWHERE}/?w=1&serverselectiontimeoutms=77&connectTimeoutMS=78`);
      expect(chosen.writeConcern).toMatchObject({ w: 1 });
      expect(chosen.writeConcern?.journal).toBeUndefined();
      expect(chosen.db.client.options).toMatchObject({
        serverSelectionTimeoutMS: 77,
        waitQueueTimeoutMS: 3_000,
        connectTimeoutMS: 78,
      });
    });

    it.each([
      ['driver 7', { MongoClient }],
      ['driver 6', { MongoClient: MongoClient6 as unknown as typeof MongoClient }],
    ])('P7 tells no password when the URL is refused by %s', async (_name, driver) => {
      for (const url of [
        'mongodb://user:pass-word@',
        'mongodb:/user:pass-word@host',
        'mongodb://user:pass-word/1@host',
        'mongodb://user:pass-word@host/?unknown=pass-word',
        'user:pass-word@host',
      ]) {
        const place = new CollectionAtUrl({ url, name: 'sessions' }, async () => driver);
        const error: unknown = await place.sessions().catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(StoreSetupError);
        expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/pass-word/);
        await place.close();
      }
    });

    it('says how to install mongodb when it is missing', async () => {
      const missing = Object.assign(new Error("Cannot find package 'mongodb' imported from app.js"), {
        code: 'ERR_MODULE_NOT_FOUND',
      });
      await expect(loadMongodb(() => Promise.reject(missing))).rejects.toThrow(
        /Install it: npm install mongodb/,
      );
      await expect(loadMongodb(() => Promise.reject(new Error('broken')))).rejects.toThrow(
        /could not load the package mongodb/,
      );
    });

    it('is looked for again by the next call when the package could not be loaded', async () => {
      const answers = [() => Promise.reject(new Error('not yet')), () => Promise.resolve({ MongoClient })];
      const place = new CollectionAtUrl({ url: NOWHERE, name: 'sessions' }, () =>
        (answers.shift() ?? expect.fail())(),
      );
      await expect(place.sessions()).rejects.toThrow(/could not load/);
      expect((await place.sessions()).driver.collectionName).toBe('sessions');
      await place.close();
    });
  });

  describe('closing', () => {
    it('may be done twice, and without ever having been used', async () => {
      for (const store of [
        new MongoSessionStore({ url: NOWHERE }),
        new MongoSessionStore({ client: new MongoClient(NOWHERE) }),
      ]) {
        await Promise.all([store.close(), store.close()]);
        await store.close();
        await expect(store.open()).rejects.toThrow(/after close\(\)/);
      }
    });
  });
});
