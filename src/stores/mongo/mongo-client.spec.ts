import { MongoClient, type ObjectId } from 'mongodb';
import { MongoClient as MongoClient6, type ObjectId as ObjectId6 } from 'mongodb-6';
import mongoose from 'mongoose';
import { describe, expect, it } from 'vitest';
import { type MongoClientLike, type MongoCollection, MongoSessionStore, sessionIndexes } from './index.js';

/** Nothing listens there, and nothing here connects. */
const NOWHERE = 'mongodb://127.0.0.1:1';

// That this compiles is the test: no type of any driver is asked for.
describe('what the store is given', () => {
  const client = new MongoClient(NOWHERE);
  const client6 = new MongoClient6(NOWHERE);

  it('is a collection of driver 6 or 7, whatever type its documents have', () => {
    const collections: MongoCollection[] = [
      client.db().collection('sessions'),
      client.db().collection<{ _id: ObjectId; name: string }>('sessions'),
      client.db().collection<{ _id: string; fields: { email: string } }>('sessions'),
      client6.db().collection('sessions'),
      client6.db().collection<{ _id: ObjectId6; name: string }>('sessions'),
    ];
    for (const collection of collections) {
      expect(() => new MongoSessionStore({ collection })).not.toThrow();
    }
  });

  it('is a client of driver 6 or 7, or a Mongoose connection’s', () => {
    const clients: MongoClientLike[] = [client, client6];
    for (const each of clients) {
      expect(() => new MongoSessionStore({ client: each, database: 'app' })).not.toThrow();
    }
    // Never called: there is no client before the connection is opened.
    const ofMongoose = (): MongoSessionStore => {
      const connection: mongoose.Connection = mongoose.createConnection();
      // @ts-expect-error: a connection is no client, and has one
      void new MongoSessionStore({ client: connection });
      return new MongoSessionStore({ client: connection.getClient(), database: connection.name });
    };
    expect(ofMongoose).toThrow(TypeError);
  });

  it('names one place', () => {
    // @ts-expect-error: nothing is none
    expect(() => new MongoSessionStore({})).toThrow(TypeError);
    // @ts-expect-error: two are too many
    expect(() => new MongoSessionStore({ client, url: NOWHERE })).toThrow(TypeError);
    const collection = client.db().collection('sessions');
    // A collection has its name and database already.
    // @ts-expect-error: so they mean nothing here
    expect(() => new MongoSessionStore({ collection, collectionName: 'other' })).toThrow(TypeError);
  });

  it('makes the indexes of sessionIndexes(), with either driver', () => {
    const calls = [
      () => client.db().collection('sessions').createIndexes(sessionIndexes()),
      () => client6.db().collection('sessions').createIndexes(sessionIndexes()),
    ];
    expect(calls).toHaveLength(2);
  });
});
