import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { MongoClient as MongoClient6 } from 'mongodb-6';
import mongoose from 'mongoose';
import { MongoSessionStore, type MongoSessionStoreOptions } from 'nest-sessions/mongo';
import { type ContractSubject, storeContract } from 'nest-sessions/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { hasServer } from '../support/servers/has-server.js';
import { type MongoServer, startMongo } from '../support/servers/mongo.server.js';

/** What a store is given to work with, and how to get rid of it. */
interface Given {
  readonly options: MongoSessionStoreOptions;
  end(): Promise<unknown>;
}

type Give = (url: string, collectionName: string) => Promise<Given>;

const ways = {
  'driver 7': async (url, collectionName) => {
    const client = new MongoClient(url);
    return { options: { client, collectionName }, end: () => client.close() };
  },
  'driver 6': async (url, collectionName) => {
    const client = new MongoClient6(url);
    return { options: { client, collectionName }, end: () => client.close() };
  },
  'a Mongoose connection': async (url, collectionName) => {
    const connection = await mongoose.createConnection(url).asPromise();
    return { options: { client: connection.getClient(), collectionName }, end: () => connection.close() };
  },
  'a URL': async (url, collectionName) => ({ options: { url, collectionName }, end: async () => undefined }),
} satisfies Record<string, Give>;

interface Run {
  readonly way: keyof typeof ways;
  readonly rounds: number;
}

const matrix: readonly { where: string; replicaSet: boolean; runs: readonly Run[] }[] = [
  {
    where: 'a stand-alone server',
    replicaSet: false,
    runs: [
      { way: 'driver 7', rounds: 200 },
      { way: 'driver 6', rounds: 40 },
    ],
  },
  {
    where: 'a replica set',
    replicaSet: true,
    runs: [
      { way: 'driver 7', rounds: 100 },
      { way: 'driver 6', rounds: 40 },
      { way: 'a Mongoose connection', rounds: 20 },
      { way: 'a URL', rounds: 20 },
    ],
  },
];

for (const { where, replicaSet, runs } of matrix) {
  const isHere = await hasServer('mongo', `MongoSessionStore on ${where}`, { own: replicaSet });
  describe.skipIf(!isHere)(`on ${where}`, () => {
    let server: MongoServer;

    beforeAll(async () => {
      server = await startMongo({ replicaSet });
    });

    afterAll(() => server?.stop());

    for (const { way, rounds } of runs) {
      const give = ways[way];
      storeContract(`MongoSessionStore with ${way}`, () => subjectOf(server.url, give), {
        runner: { describe, it },
        rejectsAfterClose: true,
        rounds,
      });
    }
  });
}

/** Every handle has a client of its own, as another process has. */
async function subjectOf(url: string, give: Give): Promise<ContractSubject> {
  const collectionName = `contract_${randomUUID()}`;
  const handles: { store: MongoSessionStore; given: Given }[] = [];
  async function handle(): Promise<MongoSessionStore> {
    const given = await give(url, collectionName);
    const store = new MongoSessionStore(given.options);
    handles.push({ store, given });
    return store;
  }
  return {
    store: await handle(),
    reopen: handle,
    async close() {
      await Promise.all(handles.map(({ store }) => store.close()));
      await Promise.all(handles.map(({ given }) => given.end()));
    },
  };
}
