import type { MongoClient, MongoClientOptions } from 'mongodb';
import { StoreSetupError } from '../../core/store-setup.error.js';
import { loadMongodb, type Mongodb } from './load-mongodb.js';
import type { UrlSource } from './mongo-store.options.js';
import { type CollectionPlace, SessionCollection } from './session-collection.js';

/**
 * So that an outage fails while somebody still waits for the operation, with the driver's reason. The driver's own are 30
 * seconds, and for ever for a free connection.
 */
const LIMITS = {
  serverSelectionTimeoutMS: 3_000,
  waitQueueTimeoutMS: 3_000,
  connectTimeoutMS: 5_000,
} as const;

/** As safe as MongoDB can be told to write: a failover takes nothing back, nor does a power cut. */
const DURABLE = { writeConcern: { w: 'majority', journal: true } } as const;

/**
 * The collection at a URL. The client for it is made when it is first asked for, and kept when it does not connect.
 */
export class CollectionAtUrl implements CollectionPlace {
  #open: OpenCollection | undefined;

  constructor(
    private readonly source: UrlSource,
    private readonly load?: () => Promise<Mongodb>,
  ) {}

  /**
   * @throws {StoreSetupError} for a URL that the driver does not take, or that asks for unacknowledged writes.
   * @throws Error when the package mongodb is not installed.
   */
  async sessions(): Promise<SessionCollection> {
    this.#open ??= await this.#make();
    return this.#open.sessions;
  }

  async connect(): Promise<void> {
    await this.#open?.client.connect();
  }

  async close(): Promise<void> {
    await this.#open?.client.close();
  }

  async #make(): Promise<OpenCollection> {
    const { url, database, name } = this.source;
    const { MongoClient } = await loadMongodb(this.load);
    const client = clientFor(url, MongoClient);
    const options = client.writeConcern === undefined ? DURABLE : {};
    return { client, sessions: new SessionCollection(client.db(database).collection(name, options)) };
  }
}

interface OpenCollection {
  readonly client: MongoClient;
  readonly sessions: SessionCollection;
}

function clientFor(url: string, Client: Mongodb['MongoClient']): MongoClient {
  try {
    return new Client(url, limitsFor(url));
  } catch (error) {
    // Without the cause: some versions of the driver quote the URL, and with it the password.
    throw new StoreSetupError(
      `MongoSessionStore cannot use its url: the driver refuses it (${error instanceof Error ? error.name : 'no error'}).`,
      'It must begin with mongodb:// or mongodb+srv://, special characters of the password must be percent-encoded, and ' +
        'the driver must know every option in it. new MongoClient(url) says more.',
    );
  }
}

/** What the URL says itself counts. */
function limitsFor(url: string): MongoClientOptions {
  return Object.fromEntries(
    Object.entries(LIMITS).filter(([name]) => !new RegExp(`[?&]${name}=`, 'i').test(url)),
  );
}
