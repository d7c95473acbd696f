export type {
  RedisSessionStoreClientOptions,
  RedisSessionStoreOptions,
  RedisSessionStoreUrlOptions,
} from './redis-store.options.js';
export type { IoredisClient, NodeRedisClient, RedisClient } from './redis-client.js';
export { RedisSessionStore } from './redis.store.js';
