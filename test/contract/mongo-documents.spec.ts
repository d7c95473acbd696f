import { randomUUID } from 'node:crypto';
import { type Collection, Long, MongoClient, type MongoClientOptions } from 'mongodb';
import type { Handle, Principal, SessionId, SessionRecord } from '../../src/core/record.js';
import { MongoSessionStore } from 'nest-sessions/mongo';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  changed,
  createRecord,
  createSessionId,
  createVersion,
  textOf,
} from '../../src/testing/contract/records.js';
import { recordCommands } from '../support/mongo-commands.js';
import { hasServer } from '../support/servers/has-server.js';
import { type MongoServer, startMongo } from '../support/servers/mongo.server.js';

/** A document as anybody sees it. */
type Row = Record<string, unknown> & { _id: string };

describe.skipIf(!(await hasServer('mongo', 'the documents of MongoSessionStore')))(
  'the documents of MongoSessionStore',
  () => {
    let server: MongoServer;
    let clients: MongoClient[];
    let collectionName: string;

    beforeAll(async () => {
      server = await startMongo();
    });

    afterAll(() => server?.stop());

    beforeEach(() => {
      clients = [];
      collectionName = `documents_${randomUUID()}`;
    });

    afterEach(async () => {
      await Promise.all(clients.map((client) => client.close()));
    });

    function connect(options: MongoClientOptions = {}): MongoClient {
      const client = new MongoClient(server.url, options);
      clients.push(client);
      return client;
    }

    /** As another program sees it. */
    function raw(): Collection<Row> {
      return connect().db().collection<Row>(collectionName);
    }

    it('can be read, and found by what is in them', async () => {
      const store = new MongoSessionStore({ client: connect(), collectionName });
      const now = Date.now();
      const record = createRecord({
        ...textOf({ email: 'a@b.c', cart: [1, 2] }),
        principal: 'u1' as Principal,
        createdAt: now,
        lastSeenAt: now,
      });
      const ended = createRecord({ principal: 'u1' as Principal, expiresAt: now - 1 });
      const id = createSessionId();
      await store.create(id, record);
      await store.create(createSessionId(), ended);
      await store.create(createSessionId(), createRecord({ principal: 'u2' as Principal }));
      const rows = raw();

      expect(await rows.findOne({ _id: id })).toEqual({
        _id: id,
        format: 1,
        version: record.version,
        fields: '{"email":"a@b.c","cart":[1,2]}',
        lengths: [7, 7, 6, 5],
        principal: 'u1',
        handle: record.handle,
        createdAt: new Date(now),
        lastSeenAt: new Date(now),
        expiresAt: new Date(record.expiresAt),
        absoluteAt: new Date(record.absoluteAt),
        idle: record.idle,
        meta: '{}',
        purgeAt: expect.any(Date),
      });
      const alive = { principal: 'u1', expiresAt: { $gt: new Date() } };
      expect(
        await rows
          .find(alive)
          .map(({ _id }) => _id)
          .toArray(),
      ).toEqual([id]);
      const byEmail = {
        $function: {
          body: 'function (fields, email) { return JSON.parse(fields).email === email; }',
          args: ['$fields', 'a@b.c'],
          lang: 'js',
        },
      };
      expect(await rows.countDocuments({ principal: 'u1', $expr: byEmail })).toBe(2);
    });

    it('take texts that MongoDB would read as paths, operators or variables for what they are', async () => {
      const store = new MongoSessionStore({ client: connect(), collectionName });
      const texts = ['$version', '$$ROOT', '$$REMOVE', '$literal', '{"$set":{"version":1}}', '$', 'a.b', ''];
      for (const text of texts) {
        const id = createSessionId();
        const record = createRecord({
          fields: text,
          meta: text,
          handle: text as Handle,
          principal: text as Principal,
          next: text as SessionId,
        });
        await store.create(id, createRecord({ version: record.version }));
        const next = { ...record, version: createVersion() };
        expect(await store.replace(id, next, record.version)).toEqual({ done: true });
        expect(await store.remove(id)).toEqual(next);
      }
    });

    it('are replaced whole: a principal that is gone is gone', async () => {
      const store = new MongoSessionStore({ client: connect(), collectionName });
      const [id, record] = [createSessionId(), createRecord({ principal: 'u1' as Principal })];
      await store.create(id, record);
      await raw().updateOne({ _id: id }, { $set: { note: 'by hand' } });
      expect(await store.read(id)).toEqual(record);
      const { principal: _principal, ...anonymous } = changed(record);
      await store.replace(id, anonymous, record.version);
      expect(Object.keys((await raw().findOne({ _id: id })) ?? {})).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/principal|note/)]),
      );
    });

    it('P8 are corrupt, not an error, when another program wrote or damaged them', async () => {
      const store = new MongoSessionStore({ client: connect(), collectionName });
      const garbage: Record<string, unknown>[] = [
        { expires: new Date(), session: '{"cookie":{}}' },
        { ...createRecord(), lengths: 'none' },
        { version: Long.MAX_VALUE, fields: { email: 'a@b.c' } },
        {},
      ];
      for (const fields of garbage) {
        const id = createSessionId();
        await raw().insertOne({ _id: id, ...fields });
        const corrupt = { fields: '', expiresAt: 0, version: -1 };
        expect(await store.read(id)).toMatchObject(corrupt);
        expect(await store.readMany([id])).toMatchObject([corrupt]);
        expect(await store.create(id, createRecord())).toBe(false);
        expect(await store.replace(id, createRecord(), createVersion())).toMatchObject({ current: corrupt });
        expect(await store.touch(id, createVersion(), Date.now(), Date.now())).toBe(false);
        expect(await store.remove(id)).toMatchObject(corrupt);
        expect(await store.read(id)).toBeUndefined();
      }
    });

    it('of a newer version of the package are trouble, not damage', async () => {
      const store = new MongoSessionStore({ client: connect(), collectionName });
      const id = createSessionId();
      await raw().insertOne({ _id: id, format: 2, sealed: 'x' });
      await expect(store.read(id)).rejects.toThrow(/Finish the upgrade/);
    });

    it.each<[string, MongoClientOptions]>([
      ['promoteLongs: false', { promoteLongs: false }],
      ['promoteValues: false', { promoteValues: false }],
      ['useBigInt64: true', { useBigInt64: true }],
      ['raw: true', { raw: true }],
      ['fieldsAsRaw', { fieldsAsRaw: { lengths: true } }],
      ['ignoreUndefined and serializeFunctions', { ignoreUndefined: true, serializeFunctions: true }],
      ['bsonRegExp and promoteBuffers', { bsonRegExp: true, promoteBuffers: true }],
      ['forceServerObjectId', { forceServerObjectId: true }],
    ])('come back exact from a client with %s', async (_what, options) => {
      const store = new MongoSessionStore({ client: connect(options), collectionName });
      const [id, record] = [createSessionId(), createRecord({ principal: 'u1' as Principal, idle: 2 ** 40 })];
      await store.create(id, record);
      // As a shell, or a program in another language, might write them.
      const longs = { version: Long.fromNumber(record.version), idle: Long.fromNumber(record.idle) };
      await raw().updateOne({ _id: id }, { $set: longs });
      expect(await store.read(id)).toStrictEqual(record);
      expect(await store.readMany([id])).toStrictEqual([record]);
      expect(await store.create(id, record)).toBe(true);
      expect(await store.replace(id, changed(record), createVersion())).toStrictEqual({
        done: false,
        current: record,
      });
      const next = changed(record);
      expect(await store.replace(id, next, record.version)).toStrictEqual({ done: true });
      expect(await store.touch(id, next.version, next.lastSeenAt, next.expiresAt)).toBe(true);
      expect(await store.remove(id)).toStrictEqual(next);
    });

    describe('and the commands for them', () => {
      it('are one an operation, two on a conflict', async () => {
        const client = connect({ monitorCommands: true });
        const store = new MongoSessionStore({ client, collectionName });
        await store.open();
        const sent = recordCommands(client);
        async function namesOf(operation: Promise<unknown>): Promise<string[]> {
          sent.length = 0;
          await operation;
          return sent.map(({ name }) => name);
        }
        const [id, record, next] = [createSessionId(), createRecord(), createRecord()];
        expect(await namesOf(store.create(id, record))).toEqual(['insert']);
        expect(await namesOf(store.read(id))).toEqual(['find']);
        expect(await namesOf(store.replace(id, next, record.version))).toEqual(['update']);
        expect(await namesOf(store.touch(id, next.version, next.lastSeenAt, next.expiresAt))).toEqual([
          'update',
        ]);
        expect(await namesOf(store.touch(id, record.version, next.lastSeenAt, 0))).toEqual(['update']);
        expect(await namesOf(store.create(id, record))).toEqual(['insert', 'find']);
        expect(await namesOf(store.replace(id, record, createVersion()))).toEqual(['update', 'find']);
        expect(await namesOf(store.remove(id))).toEqual(['findAndModify']);
        expect(await namesOf(store.replace(id, record, next.version))).toEqual(['update', 'find']);
        const many: [SessionId, SessionRecord][] = Array.from({ length: 500 }, () => [
          createSessionId(),
          createRecord(),
        ]);
        await Promise.all(many.map(([each, its]) => store.create(each, its)));
        const ids = many.map(([each]) => each);
        expect(await namesOf(store.readMany(ids))).toEqual(['find']);
        expect(await namesOf(store.readMany([]))).toEqual([]);
      });
    });

    it('P4 an answer that says nothing was acknowledged is an error', async () => {
      const collection = connect().db().collection(collectionName);
      // A wrapper that hides the write concern, as a layer between the application and the driver may.
      const silent = connect()
        .db()
        .collection(collectionName, { writeConcern: { w: 0 } });
      const wrapper = {
        collectionName,
        findOne: collection.findOne.bind(collection),
        find: collection.find.bind(collection),
        insertOne: silent.insertOne.bind(silent),
        replaceOne: silent.replaceOne.bind(silent),
        updateOne: silent.updateOne.bind(silent),
        findOneAndDelete: collection.findOneAndDelete.bind(collection),
        createIndexes: collection.createIndexes.bind(collection),
      };
      const store = new MongoSessionStore({ collection: wrapper });
      const [id, record] = [createSessionId(), createRecord()];
      await expect(store.create(id, record)).rejects.toThrow(/not acknowledged/);
      await expect(store.replace(id, changed(record), record.version)).rejects.toThrow(/not acknowledged/);
      await expect(store.touch(id, record.version, 1, 1)).rejects.toThrow(/not acknowledged/);
    });
  },
);
