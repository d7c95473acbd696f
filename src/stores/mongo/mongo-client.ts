/**
 * The parts of the driver's `Collection` that {@link MongoSessionStore} uses, as drivers 6 and 7 have them. No type of the
 * driver is named, so that it does not matter whose copy of it the application has.
 *
 * @publicApi
 */
export interface MongoCollection {
  readonly collectionName: string;
  readonly writeConcern?: { readonly w?: unknown } | undefined;
  readonly readConcern?: { readonly level?: unknown } | undefined;
  findOne(filter: object, options: object): Promise<unknown>;
  find(filter: object, options: object): { toArray(): Promise<unknown[]> };
  insertOne(document: object, options: object): Promise<unknown>;
  replaceOne(filter: object, replacement: object, options: object): Promise<unknown>;
  updateOne(filter: object, update: object, options: object): Promise<unknown>;
  findOneAndDelete(filter: object, options: object): Promise<unknown>;
  createIndexes(indexes: MongoIndex[]): Promise<unknown>;
}

/**
 * The parts of the driver's `MongoClient` that {@link MongoSessionStore} uses.
 *
 * @publicApi
 */
export interface MongoClientLike {
  connect?(): Promise<unknown>;
  db(name?: string): { collection(name: string, options?: object): MongoCollection };
}

/**
 * One index, as the driver's `createIndexes()` takes it.
 *
 * @publicApi
 */
export interface MongoIndex {
  key: Record<string, 1>;
  expireAfterSeconds?: number;
  partialFilterExpression?: Record<string, { $exists: true }>;
}

const METHODS = [
  'findOne',
  'find',
  'insertOne',
  'replaceOne',
  'updateOne',
  'findOneAndDelete',
  'createIndexes',
] as const;

/** Whether a value has the methods that the store calls. */
export function isCollection(value: unknown): value is MongoCollection {
  return METHODS.every((name) => hasMethod(value, name));
}

/** Whether a value gives databases. A Mongoose connection does not: its `db` is one. */
export function isClient(value: unknown): value is MongoClientLike {
  return hasMethod(value, 'db');
}

/**
 * The client of a driver's collection, whose types say nothing of it. A Mongoose collection has none; it waits for its
 * connection by itself.
 */
export function clientOf(collection: MongoCollection): MongoClientLike | undefined {
  const client: unknown = Reflect.get(collection, 'client');
  return isClient(client) && hasMethod(client, 'connect') ? client : undefined;
}

function hasMethod(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function';
}
