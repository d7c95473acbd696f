import type { SessionId, SessionRecord, Version } from '../../core/record.js';
import { codeOf, withoutContents } from './failure.js';
import type { MongoCollection } from './mongo-client.js';
import type { SessionDocument } from './record.document.js';
import { assertAcknowledged, unacknowledged } from './write-concern.js';

/** Numbers come as numbers and documents as objects, whatever the client's own options say. */
const EXACT = {
  promoteValues: true,
  promoteLongs: true,
  useBigInt64: false,
  raw: false,
} as const;

const DUPLICATE_KEY = 11_000;

/** Where the collection comes from. One call is answered before the next one. */
export interface CollectionPlace {
  sessions(): Promise<SessionCollection>;
  /** Connects its client; again, after that has failed. */
  connect(): Promise<void>;
  /** Closes what was opened for it. */
  close(): Promise<void>;
}

/**
 * The collection of the sessions: each method is one command, answered by the primary.
 *
 * A secondary may not know of a logout yet, so the read preference is forced. The read concern is `local`: it sees
 * whatever was acknowledged, by whichever write concern; `majority` would not see a write of `w: 1` for a while.
 * `linearizable` sees no less, so it stays where the application chose it.
 *
 * What a method rejects with has nothing of a session in it.
 */
export class SessionCollection {
  readonly #reading: object;

  /** @throws {StoreSetupError} for a collection whose writes are not acknowledged. */
  constructor(readonly driver: MongoCollection) {
    assertAcknowledged(driver);
    const level = driver.readConcern?.level === 'linearizable' ? 'linearizable' : 'local';
    this.#reading = { ...EXACT, readPreference: 'primary', readConcern: { level } };
  }

  find(id: SessionId): Promise<unknown> {
    return answerOf(() => this.driver.findOne({ _id: id }, this.#reading));
  }

  /** The documents that are there, in no order. */
  findMany(ids: readonly SessionId[]): Promise<unknown[]> {
    // One more than there can be: otherwise the server would want to be asked whether that was all.
    const options = { ...this.#reading, batchSize: ids.length + 1 };
    return answerOf(() => this.driver.find({ _id: { $in: ids } }, options).toArray());
  }

  /** False when the id is taken. */
  async insert(document: SessionDocument): Promise<boolean> {
    try {
      acknowledged(await answerOf(() => this.driver.insertOne(document, EXACT)));
      return true;
    } catch (error) {
      if (codeOf(error) === DUPLICATE_KEY) {
        return false;
      }
      throw error;
    }
  }

  /** Whether the stored version was the expected one, and the document took its place. */
  async swap({ _id, ...document }: SessionDocument, expected: Version): Promise<boolean> {
    return matched(() => this.driver.replaceOne({ _id, version: expected }, document, EXACT));
  }

  /** Whether the stored version was the expected one and the last activity not later; then the times were moved. */
  async move(
    id: SessionId,
    expected: Version,
    times: Pick<SessionRecord, 'lastSeenAt' | 'expiresAt'>,
    purgeAt: Date,
  ): Promise<boolean> {
    const lastSeenAt = new Date(times.lastSeenAt);
    return matched(() =>
      this.driver.updateOne(
        { _id: id, version: expected, lastSeenAt: { $lte: lastSeenAt } },
        { $set: { lastSeenAt, expiresAt: new Date(times.expiresAt), purgeAt } },
        EXACT,
      ),
    );
  }

  /** What was deleted, if there was something. */
  delete(id: SessionId): Promise<unknown> {
    return answerOf(() => this.driver.findOneAndDelete({ _id: id }, EXACT));
  }
}

async function matched(update: () => Promise<unknown>): Promise<boolean> {
  const { matchedCount } = acknowledged(await answerOf(update));
  return matchedCount === 1;
}

async function answerOf<T>(command: () => Promise<T>): Promise<T> {
  try {
    return await command();
  } catch (error) {
    throw error instanceof Error ? withoutContents(error) : error;
  }
}

/** The w: 0 that could not be seen beforehand. */
function acknowledged(answer: unknown): Record<string, unknown> {
  if (typeof answer !== 'object' || answer === null || !('acknowledged' in answer) || !answer.acknowledged) {
    throw unacknowledged();
  }
  return { ...answer };
}
