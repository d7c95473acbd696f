import type { Clock } from '../../core/clock.js';
import { acceptClient } from './accept-client.js';
import type { RedisClient } from './redis-client.js';

/** What both ways of making a {@link RedisSessionStore} take. */
interface CommonOptions {
  /**
   * What every key begins with; a session is at `<prefix>s:<session id>`. It must have no `{`: Redis Cluster would keep all
   * sessions on one node.
   *
   * @default 'session:'
   */
  readonly prefix?: string | undefined;

  /**
   * Whether to refuse, at boot, a server that throws keys away when its memory is full. A server that does not tell is
   * never refused.
   *
   * @default true
   */
  readonly checkEviction?: boolean | undefined;

  /**
   * Where the time comes from.
   *
   * @default the machine's clock
   */
  readonly clock?: Clock | undefined;
}

/**
 * A {@link RedisSessionStore} on a client that the application has. It stays the application's: the store neither connects
 * nor closes it.
 *
 * @publicApi
 */
export interface RedisSessionStoreClientOptions extends CommonOptions {
  /** A client of node-redis 5 or 6 or of ioredis 5 or 6: single server, Sentinel or Cluster. */
  readonly client: RedisClient;
  readonly url?: undefined;
}

/**
 * A {@link RedisSessionStore} that opens a connection to one server and closes it, with the package `redis` or, where that is
 * not installed, `ioredis`.
 *
 * @publicApi
 */
export interface RedisSessionStoreUrlOptions extends CommonOptions {
  /** `redis://` or, with TLS, `rediss://`: `rediss://user:password@host:6379/0`. */
  readonly url: string;
  readonly client?: undefined;
}

/**
 * Where a {@link RedisSessionStore} keeps its records.
 *
 * @publicApi
 */
export type RedisSessionStoreOptions = RedisSessionStoreClientOptions | RedisSessionStoreUrlOptions;

/** The options with their defaults, checked. */
export interface ResolvedRedisOptions {
  readonly source: RedisClient | URL;
  readonly prefix: string;
  readonly checkEviction: boolean;
}

/** @throws TypeError when there is no client or URL that can be used, or a prefix that cannot. */
export function resolveRedisOptions(options: RedisSessionStoreOptions): ResolvedRedisOptions {
  const { prefix = 'session:', checkEviction = true, client, url } = options;
  if (typeof prefix !== 'string' || prefix.includes('{')) {
    throw new TypeError(
      `RedisSessionStore cannot use the prefix ${JSON.stringify(prefix)}. Give a text without "{", which has a meaning of its ` +
        'own in Redis Cluster.',
    );
  }
  if ((client === undefined) === (url === undefined)) {
    throw new TypeError(
      'RedisSessionStore needs a client or a url, one of them: new RedisSessionStore({ client }) or ' +
        'new RedisSessionStore({ url }).',
    );
  }
  return {
    source: url === undefined ? acceptClient(client) : parsedUrl(url),
    prefix,
    checkEviction,
  };
}

/** What is wrong with it is told without it: it may hold a password. */
function parsedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || !/^(\/\d*)?$/.test(url.pathname)) {
    throw new TypeError(
      'RedisSessionStore cannot use its url. Give redis://host:6379, or rediss://user:password@host:6379/0 with TLS, a user ' +
        'and the number of a database.',
    );
  }
  return url;
}
