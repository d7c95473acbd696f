import { StoreSetupError } from '../../core/store-setup.error.js';
import type { MongoCollection } from './mongo-client.js';

/**
 * Refuses `w: 0`, wherever it was set: with it MongoDB answers before it has done anything, so that nobody learns that a
 * session was not stored, or that a logout was lost.
 *
 * @throws {StoreSetupError}
 */
export function assertAcknowledged(collection: MongoCollection): void {
  if (collection.writeConcern?.w === 0) {
    throw unacknowledged();
  }
}

export function unacknowledged(): StoreSetupError {
  return new StoreSetupError(
    'MongoSessionStore got a collection whose writes are not acknowledged (write concern w: 0): a logout could be lost unseen.',
    "Set w: 'majority' on the client, the database or the collection, or in the URL (w=majority).",
  );
}
