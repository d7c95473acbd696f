export type { LmdbSessionStoreOptions } from './lmdb-store.options.js';
export { LmdbSessionStore } from './lmdb.store.js';
