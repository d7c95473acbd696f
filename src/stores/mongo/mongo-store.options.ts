import type { Clock } from '../../core/clock.js';
import {
  clientOf,
  isClient,
  isCollection,
  type MongoClientLike,
  type MongoCollection,
} from './mongo-client.js';

/** What does not depend on where the collection comes from. */
interface CommonOptions {
  /**
   * Whether the store makes its indexes: when it is opened, else beside its first operation. Operations never wait for them.
   * With `false` they are yours to make: `collection.createIndexes(sessionIndexes())`. Without them nothing goes wrong,
   * but expired sessions stay in the collection.
   *
   * @default true
   */
  readonly createIndexes?: boolean | undefined;

  /**
   * Where the time comes from.
   *
   * @default the machine's clock
   */
  readonly clock?: Clock | undefined;
}

/** Which collection, where the store chooses it itself. */
interface Naming {
  /**
   * The database.
   *
   * @default the one in the client's URL, else the driver's own, `test`
   */
  readonly database?: string | undefined;

  /**
   * The collection. It is for sessions alone.
   *
   * @default 'nest_sessions'
   */
  readonly collectionName?: string | undefined;
}

/** A collection that the application has. */
interface GivenCollection extends CommonOptions {
  /** A collection of driver 6 or 7, for sessions alone. The store never closes its client. */
  readonly collection: MongoCollection;
  readonly client?: undefined;
  readonly url?: undefined;
  readonly database?: undefined;
  readonly collectionName?: undefined;
}

/** A client that the application has. */
interface GivenClient extends CommonOptions, Naming {
  /** A `MongoClient` of driver 6 or 7, a Mongoose connection's (`connection.getClient()`) included. The store never closes it. */
  readonly client: MongoClientLike;
  readonly collection?: undefined;
  readonly url?: undefined;
}

/** Where the store makes the client. */
interface GivenUrl extends CommonOptions, Naming {
  /**
   * `mongodb://…` or `mongodb+srv://…`. The store opens the client with the package `mongodb` and closes it. What the URL does
   * not say is `w=majority&journal=true`, and 3 seconds to find a server or a free connection, 5 seconds to connect.
   */
  readonly url: string;
  readonly collection?: undefined;
  readonly client?: undefined;
}

/**
 * Where a {@link MongoSessionStore} keeps its documents: in a collection, in a client's database, or at a URL.
 *
 * @publicApi
 */
export type MongoSessionStoreOptions = GivenCollection | GivenClient | GivenUrl;

/** Where the store makes a client, and which collection it takes there. */
export interface UrlSource {
  readonly url: string;
  readonly database?: string;
  readonly name: string;
}

/** Where the documents are. */
export type CollectionSource =
  { readonly collection: MongoCollection; readonly client: MongoClientLike | undefined } | UrlSource;

const DEFAULT_NAME = 'nest_sessions';

/** @throws TypeError when the options name no place for the documents, or several. */
export function resolveSource(options: MongoSessionStoreOptions): CollectionSource {
  const { collection, client, url } = options;
  if ([collection, client, url].filter((given) => given !== undefined).length !== 1) {
    throw new TypeError(
      'MongoSessionStore needs one of collection, client and url. Give it, for example, the client of your application: ' +
        'new MongoSessionStore({ client }). A Mongoose connection has one after it was opened: connection.getClient().',
    );
  }
  const { database, collectionName = DEFAULT_NAME } = options;
  assertName('database', database);
  assertName('collectionName', collectionName);
  if (url !== undefined) {
    assertName('url', url);
    return { url, name: collectionName, ...(database === undefined ? {} : { database }) };
  }
  if (client !== undefined) {
    assertUsable(
      'client',
      isClient(client),
      'a MongoClient, or connection.getClient() of a Mongoose connection',
    );
    return { collection: client.db(database).collection(collectionName), client };
  }
  assertUsable(
    'collection',
    isCollection(collection),
    "a collection of the driver's: client.db().collection(name)",
  );
  if (database !== undefined || options.collectionName !== undefined) {
    throw new TypeError(
      'MongoSessionStore cannot use database or collectionName beside collection, which has both. Leave them out.',
    );
  }
  return { collection, client: clientOf(collection) };
}

function assertName(option: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'string' || value === '')) {
    throw new TypeError(
      `MongoSessionStore cannot use its option ${option}: it is no text, or empty. Give a text or leave it out.`,
    );
  }
}

function assertUsable(option: string, isUsable: boolean, fix: string): asserts isUsable {
  if (!isUsable) {
    throw new TypeError(`MongoSessionStore cannot use what was given as ${option}. Give ${fix}.`);
  }
}
