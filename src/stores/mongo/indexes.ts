import { StoreSetupError } from '../../core/store-setup.error.js';
import { codeOf } from './failure.js';
import type { MongoCollection, MongoIndex } from './mongo-client.js';

/**
 * The indexes of the sessions' collection, for those who make them themselves: one by which MongoDB deletes what has
 * expired, one to find the sessions of a principal.
 *
 * @example
 * await client.db().collection('nest_sessions').createIndexes(sessionIndexes());
 *
 * @publicApi
 */
export function sessionIndexes(): MongoIndex[] {
  return [
    { key: { purgeAt: 1 }, expireAfterSeconds: 0 },
    { key: { principal: 1 }, partialFilterExpression: { principal: { $exists: true } } },
  ];
}

/** The server's codes: IndexOptionsConflict, IndexKeySpecsConflict. */
const CONFLICTS: readonly unknown[] = [85, 86];
const UNAUTHORIZED = 13;

/**
 * Makes the indexes that are missing.
 *
 * @throws {StoreSetupError} when there are others in their place, or when the user may not make any.
 */
export async function makeIndexes(collection: MongoCollection): Promise<void> {
  try {
    await collection.createIndexes(sessionIndexes());
  } catch (cause) {
    throw asSetupError(collection.collectionName, cause) ?? cause;
  }
}

function asSetupError(name: string, cause: unknown): StoreSetupError | undefined {
  const code = codeOf(cause);
  if (CONFLICTS.includes(code)) {
    return new StoreSetupError(
      `MongoSessionStore cannot make its indexes: the collection ${name} has an index on purgeAt or principal with other ` +
        'options.',
      'Drop that index, or give the store a collection of its own; sessionIndexes() answers what it needs.',
      { cause },
    );
  }
  if (code === UNAUTHORIZED) {
    return new StoreSetupError(
      `MongoSessionStore may not make its indexes in the collection ${name}.`,
      'Give its user the role readWrite, or make what sessionIndexes() answers yourself and set createIndexes: false.',
      { cause },
    );
  }
  return undefined;
}
