/** Keys and arguments of a script, as node-redis takes them. */
interface ScriptInput {
  keys: string[];
  arguments: string[];
}

/**
 * What is used of a client of node-redis: one of `createClient()`, `createSentinel()`, `createCluster()` or
 * `createClientPool()`.
 *
 * @publicApi
 */
export interface NodeRedisClient {
  /** Whether it is connected, or on the way to be. */
  readonly isOpen: boolean;
  eval(script: string, input: ScriptInput): Promise<unknown>;
  evalSha(sha1: string, input: ScriptInput): Promise<unknown>;
  hmGet(key: string, fields: string[]): Promise<unknown>;
}

/**
 * What is used of a client of ioredis: a `Redis`, with or without Sentinel, or a `Cluster`.
 *
 * @publicApi
 */
export interface IoredisClient {
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  evalsha(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  hmget(key: string, ...fields: string[]): Promise<unknown>;
}

/**
 * A client that a {@link RedisSessionStore} works with. It is told by its methods, so that the version and the copy of the
 * driver are yours.
 *
 * @publicApi
 */
export type RedisClient = NodeRedisClient | IoredisClient;

export function isNodeRedis(client: unknown): client is NodeRedisClient {
  // The callback style, `client.legacy()`, has the methods and not this.
  return (
    typeof propertyOf(client, 'isOpen') === 'boolean' && hasMethods(client, ['eval', 'evalSha', 'hmGet'])
  );
}

export function isIoredis(client: unknown): client is IoredisClient {
  return hasMethods(client, ['eval', 'evalsha', 'hmget']);
}

/** Whether a client of node-redis is one of `createSentinel()`. */
export function isNodeRedisSentinel(client: NodeRedisClient): boolean {
  return hasMethods(client, ['getSentinelNode', 'getMasterNode']);
}

/** Whether a command is sent as soon as it is given, unless the connection breaks that very moment; of a client of `createClient()`. */
export function isReady(client: NodeRedisClient): boolean {
  return propertyOf(client, 'isReady') === true;
}

/**
 * The same client of node-redis, without the limit of time for commands that wait to be sent: the driver makes a timer and a
 * signal for each command, which takes three quarters of all its time. Undefined for what is not of `createClient()`.
 */
export function withoutTimers(client: NodeRedisClient): NodeRedisClient | undefined {
  // A cluster is ready when it knows its nodes, connected to each of them or not.
  const isCluster = methodOf(client, 'nodeClient') !== undefined;
  if (typeof propertyOf(client, 'isReady') !== 'boolean' || isCluster || isNodeRedisSentinel(client)) {
    return undefined;
  }
  const same = methodOf(client, 'withCommandOptions')?.({ timeout: undefined });
  return isNodeRedis(same) ? same : undefined;
}

/** A property of a client that not all of them have. */
export function propertyOf(client: unknown, name: string): unknown {
  return typeof client === 'object' && client !== null ? Reflect.get(client, name) : undefined;
}

/** A method that not all clients have, with its client. */
export function methodOf(
  client: unknown,
  name: string,
): ((...args: readonly unknown[]) => unknown) | undefined {
  const method = propertyOf(client, name);
  return typeof method === 'function' ? (...args) => Reflect.apply(method, client, args) : undefined;
}

function hasMethods(client: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof propertyOf(client, name) === 'function');
}
