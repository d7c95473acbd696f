import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { vi } from 'vitest';
import { findMongod } from './mongod.js';
import { OwnServer } from './own-server.js';
import { OutsideServer, type RunningServer } from './running-server.js';

export type MongoServer = RunningServer;

export interface MongoServerOptions {
  /** Whether it is a replica set of one member, as transactions and `w: 'majority'` want it. @default false */
  readonly replicaSet?: boolean;
  /** Whether a user `root` with this password must log in. */
  readonly password?: string;
  /** More options of mongod's command line. */
  readonly args?: readonly string[];
  /** Whether it must be a server of our own, whatever the environment says; options imply it. @default false */
  readonly own?: boolean;
}

const SET = 'sessions';

/** Starts a MongoDB, or answers the one that `MONGODB_URL` names. */
export async function startMongo(options: MongoServerOptions = {}): Promise<MongoServer> {
  const { replicaSet = false, password, args = [] } = options;
  const { own = replicaSet || password !== undefined || args.length > 0 } = options;
  const outside = process.env['MONGODB_URL'];
  if (outside && !own) {
    return new OutsideServer('MONGODB_URL', outside, 27_017);
  }
  const server = await startOwnMongo(options);
  try {
    if (replicaSet) {
      await initiate(server.port);
    }
    if (password !== undefined) {
      await createRoot(server.port, password);
    }
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function startOwnMongo({ replicaSet, password, args = [] }: MongoServerOptions): Promise<OwnServer> {
  const { program, libraries } = await findMongod();
  const directory = await mkdtemp(join(tmpdir(), 'nest-sessions-mongo-'));
  const fixed = ['--dbpath', directory, '--bind_ip', '127.0.0.1', '--nounixsocket', '--quiet'];
  const small = [
    '--wiredTigerCacheSizeGB',
    '0.25',
    '--setParameter',
    'diagnosticDataCollectionEnabled=false',
  ];
  const set = replicaSet ? ['--replSet', SET, '--oplogSize', '64'] : [];
  const auth = password === undefined ? [] : ['--auth'];
  const user = password === undefined ? '' : `root:${encodeURIComponent(password)}@`;
  return OwnServer.start({
    name: 'MongoDB',
    directory,
    command: (port) => ({
      program,
      args: ['--port', String(port), ...fixed, ...small, ...set, ...auth, ...args],
      env: libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries },
    }),
    url: (port) =>
      replicaSet
        ? `mongodb://${user}127.0.0.1:${port}/?replicaSet=${SET}`
        : `mongodb://${user}127.0.0.1:${port}/?directConnection=true`,
    answers: (port) => withClient(port, (client) => answers(client)),
  });
}

/** Whether it answers, and, once a member of a set, whether it takes writes again. */
async function answers(client: MongoClient): Promise<void> {
  const hello = await client.db('admin').command({ hello: 1 });
  if (hello['setName'] !== undefined && hello['isWritablePrimary'] !== true) {
    throw new Error('It is no primary yet.');
  }
}

async function initiate(port: number): Promise<void> {
  await withClient(port, async (client) => {
    const members = [{ _id: 0, host: `127.0.0.1:${port}` }];
    const settings = { electionTimeoutMillis: 1_000 };
    await client.db('admin').command({ replSetInitiate: { _id: SET, members, settings } });
  });
  await vi.waitFor(
    () =>
      withClient(port, async (client) => {
        const hello = await client.db('admin').command({ hello: 1 });
        if (hello['isWritablePrimary'] !== true) {
          throw new Error('The replica set has no primary yet.');
        }
      }),
    { timeout: 30_000, interval: 50 },
  );
}

/** The first user may be made from the same machine without logging in. */
async function createRoot(port: number, password: string): Promise<void> {
  const command = { createUser: 'root', pwd: password, roles: ['root'] };
  await withClient(port, (client) => client.db('admin').command(command));
}

async function withClient<T>(port: number, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: 500,
    connectTimeoutMS: 2_000,
    socketTimeoutMS: 5_000,
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
