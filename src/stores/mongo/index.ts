export { sessionIndexes } from './indexes.js';
export type { MongoClientLike, MongoCollection, MongoIndex } from './mongo-client.js';
export type { MongoSessionStoreOptions } from './mongo-store.options.js';
export { MongoSessionStore } from './mongo.store.js';
