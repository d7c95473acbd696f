export type { PostgresPool, PostgresQuery } from './postgres-pool.js';
export type {
  PostgresPoolOptions,
  PostgresSessionStoreOptions,
  PostgresTableOptions,
  PostgresUrlOptions,
} from './postgres-store.options.js';
export { PostgresSessionStore } from './postgres.store.js';
