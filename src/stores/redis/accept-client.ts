import { isIoredis, isNodeRedis, propertyOf, type RedisClient } from './redis-client.js';

/** A way of reading from somewhere else than the primary, and how to switch it off. */
interface Elsewhere {
  readonly isOn: (client: RedisClient) => boolean;
  readonly what: string;
  readonly fix: string;
}

const option = (client: RedisClient, name: string) => propertyOf(propertyOf(client, 'options'), name);

/** What a replica answers may be older than a logout, and so may a copy that the client keeps. */
const ELSEWHERE: readonly Elsewhere[] = [
  {
    isOn: (client) => !['master', undefined].some((role) => role === option(client, 'scaleReads')),
    what: 'an ioredis Cluster that reads from replicas (scaleReads)',
    fix: "Leave scaleReads at 'master'.",
  },
  {
    isOn: (client) => option(client, 'role') === 'slave',
    what: "an ioredis client that asks Sentinel for a replica (role: 'slave')",
    fix: "Leave role at 'master'.",
  },
  {
    isOn: (client) => option(client, 'readOnly') === true,
    what: 'an ioredis client with readOnly',
    fix: 'Leave readOnly out.',
  },
  {
    isOn: (client) => option(client, 'readonly') === true,
    what: 'a node-redis client with readonly',
    fix: 'Leave readonly out.',
  },
  {
    isOn: (client) => propertyOf(propertyOf(client, '_options'), 'useReplicas') === true,
    what: 'a node-redis cluster with useReplicas',
    fix: 'Leave useReplicas out.',
  },
  {
    isOn: (client) => propertyOf(client, 'clientSideCache') !== undefined,
    what: 'a node-redis client with clientSideCache',
    fix: 'Leave clientSideCache out.',
  },
];

/**
 * The client, if it is one that the store can work with and that asks the primary only.
 *
 * @throws TypeError otherwise
 */
export function acceptClient(client: unknown): RedisClient {
  if (!isNodeRedis(client) && !isIoredis(client)) {
    throw new TypeError(
      'RedisSessionStore needs a client of node-redis (createClient, createSentinel, createCluster) or of ioredis ' +
        '(Redis, Cluster), and got something else. Give the client itself, not its module, its options or a promise of it.',
    );
  }
  const elsewhere = ELSEWHERE.find(({ isOn }) => isOn(client));
  if (elsewhere !== undefined) {
    throw new TypeError(
      `RedisSessionStore cannot use ${elsewhere.what}: what it reads there may be older than a logout that was ` +
        `acknowledged. ${elsewhere.fix} If the rest of the application needs it, give the store a client of its own.`,
    );
  }
  return client;
}
