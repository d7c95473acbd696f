import { systemClock, type Clock } from '../../core/clock.js';
import type { SessionId, SessionRecord, Version } from '../../core/record.js';
import { SessionStore, type Replaced } from '../../core/session-store.js';
import { StoreLifecycle } from '../../core/store-lifecycle.js';
import { makeIndexes } from './indexes.js';
import {
  type CollectionSource,
  type MongoSessionStoreOptions,
  resolveSource,
  type UrlSource,
} from './mongo-store.options.js';
import { CollectionAtUrl } from './own-client.js';
import { purgeTime } from './purge-time.js';
import { decodeRecord, encodeRecord, idOf, versionOf } from './record.document.js';
import { type CollectionPlace, SessionCollection } from './session-collection.js';

/** Milliseconds after which indexes that could not be made are tried again. */
const INDEXES_AGAIN = 60_000;

/** Inserts in a row that may find the id taken and then free again. */
const INSERT_ATTEMPTS = 5;

/**
 * Keeps sessions in MongoDB 4.4 or later, a stand-alone server or a replica set: one document a session, which people can
 * read and query, and which MongoDB deletes some minutes after the session has expired.
 *
 * It works with the application's own client, of driver 6 or 7 or a Mongoose connection's, and never closes it; given a URL
 * it opens and closes a client itself. How safe a write is says the client's write concern; `majority` is the one that
 * no failover takes back. `w: 0` is refused.
 *
 * @example
 * SessionModule.forRootAsync({
 *   inject: [getConnectionToken()],
 *   useFactory: (connection: Connection) => ({
 *     secret: process.env.SESSION_SECRET,
 *     store: new MongoSessionStore({ client: connection.getClient() }),
 *   }),
 * })
 *
 * @publicApi
 */
export class MongoSessionStore extends SessionStore {
  readonly #clock: Clock;
  readonly #makesIndexes: boolean;
  readonly #life: StoreLifecycle<SessionCollection>;
  #indexing: Promise<void> | undefined;
  #indexesFailedAt = Number.NEGATIVE_INFINITY;

  /**
   * @throws TypeError when the options name no place for the documents, or several.
   * @throws {StoreSetupError} for write concern `w: 0`.
   */
  constructor(options: MongoSessionStoreOptions) {
    super();
    const source = resolveSource(options);
    const place = 'url' in source ? new CollectionAtUrl(source) : given(source);
    this.#life = new StoreLifecycle({
      store: 'MongoSessionStore',
      open: () => connected(place),
      close: () => place.close(),
    });
    this.#clock = options.clock ?? systemClock;
    this.#makesIndexes = options.createIndexes ?? true;
  }

  /**
   * Connects and makes the indexes; when they are not the store's to make, it only sees whether the server answers.
   *
   * @throws {StoreSetupError} for a URL that the driver refuses, write concern `w: 0`, indexes that are in the way of ours or
   * that the user may not make.
   */
  override open(): Promise<void> {
    return this.#life.run(async (sessions) => {
      if (this.#makesIndexes) {
        await this.#indexes(sessions);
      } else {
        await sessions.findMany([]);
      }
    });
  }

  read(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#operate(async (sessions) => decoded(await sessions.find(id)));
  }

  override readMany(ids: readonly SessionId[]): Promise<(SessionRecord | undefined)[]> {
    return this.#operate(async (sessions) => {
      if (ids.length === 0) {
        return [];
      }
      const documents = await sessions.findMany([...new Set(ids)]);
      const byId = new Map(documents.map((document) => [idOf(document), document]));
      return ids.map((id) => decoded(byId.get(id)));
    });
  }

  create(id: SessionId, record: SessionRecord): Promise<boolean> {
    return this.#operate(async (sessions) => {
      const document = encodeRecord(id, record, this.#purgeTime(record.expiresAt));
      for (let attempt = 1; attempt <= INSERT_ATTEMPTS; attempt++) {
        if (await sessions.insert(document)) {
          return true;
        }
        const found = await sessions.find(id);
        if (found !== null) {
          return versionOf(found) === record.version;
        }
      }
      throw new Error(
        'MongoSessionStore could not create a session: its id is taken and free again, again and again. Look whether the ' +
          'collection has a unique index of another program.',
      );
    });
  }

  /**
   * A conditional `replaceOne`, and a read when it matched nothing. The other way, one `findOneAndUpdate` with a pipeline that
   * decides, saves that read; but every replace then carries the old document back, and on a replica set MongoDB keeps
   * it once more for the case of a retry: there it did 0.87 times as many replaces with 1.14 times the server's CPU.
   */
  replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
    return this.#operate(async (sessions) => {
      if (await sessions.swap(encodeRecord(id, record, this.#purgeTime(record.expiresAt)), expected)) {
        return { done: true };
      }
      const found = await sessions.find(id);
      if (found === null) {
        return { done: false };
      }
      return versionOf(found) === record.version
        ? { done: true }
        : { done: false, current: decodeRecord(found) };
    });
  }

  touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number): Promise<boolean> {
    return this.#operate((sessions) =>
      sessions.move(id, expected, { lastSeenAt, expiresAt }, this.#purgeTime(expiresAt)),
    );
  }

  remove(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#operate(async (sessions) => decoded(await sessions.delete(id)));
  }

  /** Finishes what is under way and closes the client if the store made it; every call after it rejects. */
  override close(): Promise<void> {
    return this.#life.close();
  }

  #purgeTime(expiresAt: number): Date {
    return purgeTime(expiresAt, this.#clock);
  }

  /** An operation, beside which indexes that are missing are made. */
  #operate<T>(work: (sessions: SessionCollection) => Promise<T>): Promise<T> {
    return this.#life.run((sessions) => {
      if (this.#indexing === undefined && this.#makesIndexes && this.#isTimeForIndexes()) {
        // Nobody waits for it. open() says what is wrong with them; sessions do without.
        this.#indexes(sessions).catch(() => undefined);
      }
      return work(sessions);
    });
  }

  #isTimeForIndexes(): boolean {
    return performance.now() - this.#indexesFailedAt > INDEXES_AGAIN;
  }

  #indexes({ driver }: SessionCollection): Promise<void> {
    this.#indexing ??= makeIndexes(driver).catch((error: unknown) => {
      this.#indexing = undefined;
      this.#indexesFailedAt = performance.now();
      throw error;
    });
    return this.#indexing;
  }
}

/**
 * The collection, after its client was connected. The driver connects by itself with the first operation, but only then: if that
 * attempt ran out of time, it answers every later operation that its topology is closed. Once connected, it finds the
 * server again by itself, and a client that the application has closed since is left closed. One that was closed before is
 * connected again: the driver has no public sign that tells it from one that found no server. That ends with the store,
 * which asks for nothing after its close().
 */
async function connected(place: CollectionPlace): Promise<SessionCollection> {
  const sessions = await place.sessions();
  await place.connect();
  return sessions;
}

/** A collection whose client is the application's. */
function given({ collection, client }: Exclude<CollectionSource, UrlSource>): CollectionPlace {
  const sessions = new SessionCollection(collection);
  return {
    sessions: () => Promise.resolve(sessions),
    connect: async () => void (await client?.connect?.()),
    close: () => Promise.resolve(),
  };
}

function decoded(document: unknown): SessionRecord | undefined {
  return document === null || document === undefined ? undefined : decodeRecord(document);
}
