import { isMissingPackage } from '../../core/missing-package.js';
import type { IoredisClient, NodeRedisClient } from './redis-client.js';

type Listener = (error: unknown) => void;

/** The part of the optional package `redis` that is used; the same in all its versions. */
export interface NodeRedisPackage {
  createClient(options: {
    url: string;
    disableOfflineQueue: boolean;
    pingInterval: number;
    socket: {
      connectTimeout: number;
      socketTimeout: number;
      reconnectStrategy: (attempt: number) => number | false;
    };
  }): NodeRedisClient & {
    readonly isReady: boolean;
    on(event: 'connect' | 'ready' | 'error' | 'reconnecting', listener: Listener): unknown;
    connect(): Promise<unknown>;
    close(): Promise<unknown>;
    destroy(): unknown;
  };
}

/** The part of the optional package `ioredis` that is used; the same in all its versions. */
export interface IoredisPackage {
  readonly Redis: new (
    url: string,
    options: {
      lazyConnect: boolean;
      enableOfflineQueue: boolean;
      autoResendUnfulfilledCommands: boolean;
      maxRetriesPerRequest: number;
      connectTimeout: number;
      socketTimeout: number;
      keepAlive: number;
      retryStrategy: (attempt: number) => number;
    },
  ) => IoredisClient & {
    readonly status: string;
    on(event: 'ready' | 'error', listener: Listener): unknown;
    connect(): Promise<unknown>;
    quit(): Promise<unknown>;
    disconnect(): unknown;
  };
}

/** How the packages are loaded. */
export interface DriverLoaders {
  readonly redis: () => Promise<NodeRedisPackage>;
  readonly ioredis: () => Promise<IoredisPackage>;
}

/** One of the two. */
export type LoadedDriver = { readonly redis: NodeRedisPackage } | { readonly ioredis: IoredisPackage };

const INSTALLED: DriverLoaders = { redis: () => import('redis'), ioredis: () => import('ioredis') };

/**
 * Loads the optional package `redis` or, where it is not installed, `ioredis`, when it is first needed.
 *
 * @throws Error that says how to install one, when there is none
 */
export async function loadDriver(load: DriverLoaders = INSTALLED): Promise<LoadedDriver> {
  try {
    return { redis: await load.redis() };
  } catch (cause) {
    if (!isMissingPackage('redis', cause)) {
      throw broken('redis', cause);
    }
  }
  try {
    return { ioredis: await load.ioredis() };
  } catch (cause) {
    if (!isMissingPackage('ioredis', cause)) {
      throw broken('ioredis', cause);
    }
    throw new Error(
      'RedisSessionStore opens a connection by itself with the package redis or ioredis, and neither is installed. ' +
        'Install one: npm install redis',
      { cause },
    );
  }
}

function broken(name: string, cause: unknown): Error {
  return new Error(
    `RedisSessionStore could not load the package ${name}. Install it again where the application runs: npm install ${name}`,
    { cause },
  );
}
