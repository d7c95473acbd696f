import type { IoredisPackage, LoadedDriver, NodeRedisPackage } from './load-driver.js';
import type { RedisClient } from './redis-client.js';

/** How long to try to connect, in milliseconds. */
const CONNECT_TIMEOUT = 5_000;

/** A connection that has been silent for so many milliseconds, although something was asked, is given up. */
const SILENCE = 15_000;

/** How often an idle connection is tried, in milliseconds; else nobody would see that it is dead. */
const PING_INTERVAL = 5_000;

/** A client that we made. */
export interface OwnClient {
  readonly client: RedisClient;
  isReady(): boolean;
  onReady(listener: () => void): void;
  onError(listener: (error: unknown) => void): void;
  connect(): Promise<unknown>;
  /** Lets what is under way finish. */
  quit(): Promise<unknown>;
  /** Ends it at once. */
  kill(): void;
}

/**
 * A client that reconnects for as long as it is not closed. While there is no connection everything fails at once, and what
 * was under way fails with it: nothing waits in a queue to be sent when the server is back and nobody wants it any more.
 */
export function ownClient(driver: LoadedDriver, url: string): OwnClient {
  return 'redis' in driver ? nodeRedis(driver.redis, url) : ioredis(driver.ioredis, url);
}

function nodeRedis({ createClient }: NodeRedisPackage, url: string): OwnClient {
  let isConnecting = false;
  let isOver = false;
  const client = createClient({
    url,
    disableOfflineQueue: true,
    pingInterval: PING_INTERVAL,
    socket: {
      connectTimeout: CONNECT_TIMEOUT,
      socketTimeout: SILENCE,
      reconnectStrategy: (attempt) => (isOver ? false : backOff(attempt)),
    },
  });
  const destroy = () => {
    try {
      client.destroy();
    } catch {
      // node-redis 5 throws when there is nothing left to destroy.
    }
  };
  client.on('reconnecting', () => {
    isConnecting = true;
  });
  client.on('error', () => {
    isConnecting = false;
  });
  client.on('connect', () => {
    isConnecting = false;
    if (isOver) {
      destroy();
    }
  });
  return {
    client,
    isReady: () => client.isReady,
    onReady: (listener) => void client.on('ready', listener),
    onError: (listener) => void client.on('error', listener),
    connect() {
      isConnecting = true;
      return client.connect();
    },
    quit: () => client.close(),
    kill() {
      isOver = true;
      // A socket that is just being connected it would forget, and leave open.
      if (!isConnecting) {
        destroy();
      }
    },
  };
}

function ioredis({ Redis }: IoredisPackage, url: string): OwnClient {
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT,
    socketTimeout: SILENCE,
    keepAlive: PING_INTERVAL,
    retryStrategy: backOff,
  });
  return {
    client,
    isReady: () => client.status === 'ready',
    onReady: (listener) => void client.on('ready', listener),
    onError: (listener) => void client.on('error', listener),
    connect: () => client.connect(),
    quit: () => client.quit(),
    kill: () => client.disconnect(),
  };
}

/** Milliseconds until the next attempt: soon at first, never more than about a second, and not all processes at once. */
function backOff(attempt: number): number {
  return Math.min(50 * 2 ** attempt, 1_000) * (1 - Math.random() / 4);
}
