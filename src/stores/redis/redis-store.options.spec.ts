import { inspect } from 'node:util';
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis';
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis-6';
import { describe, expect, it } from 'vitest';
import * as nodeRedis6 from 'redis';
import * as nodeRedis5 from 'redis-5';
import { RedisSessionStore, type RedisClient } from './index.js';

// Nothing here connects.
const io = { lazyConnect: true } as const;
const rootNodes = [{ url: 'redis://127.0.0.1:1' }];
const startupNodes = [{ host: '127.0.0.1', port: 1 }];
const sentinels = { name: 'sessions', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] };

describe('RedisSessionStore takes', () => {
  // That these compile without a cast is a test as well.
  const taken: [string, RedisClient][] = [
    ['createClient of node-redis 5', nodeRedis5.createClient()],
    ['createClient of node-redis 6', nodeRedis6.createClient()],
    ['createClient with RESP 2', nodeRedis6.createClient({ RESP: 2 })],
    ['createClient with RESP 3', nodeRedis5.createClient({ RESP: 3 })],
    ['createClientPool of node-redis 5', nodeRedis5.createClientPool()],
    ['createClientPool of node-redis 6', nodeRedis6.createClientPool()],
    ['createCluster of node-redis 5', nodeRedis5.createCluster({ rootNodes })],
    ['createCluster of node-redis 6', nodeRedis6.createCluster({ rootNodes, useReplicas: false })],
    ['createSentinel of node-redis 5', nodeRedis5.createSentinel(sentinels)],
    ['createSentinel of node-redis 6', nodeRedis6.createSentinel(sentinels)],
    ['Redis of ioredis 5', new Redis5(io)],
    ['Redis of ioredis 6', new Redis6(io)],
    ['Redis with replyMapping', new Redis6({ ...io, replyMapping: 'resp3' })],
    ['Redis with enableAutoPipelining', new Redis5({ ...io, enableAutoPipelining: true })],
    ['Redis with Sentinel', new Redis6({ ...io, sentinels: startupNodes, name: 'sessions', role: 'master' })],
    ['Cluster of ioredis 5', new Cluster5(startupNodes, io)],
    ['Cluster of ioredis 6', new Cluster6(startupNodes, { ...io, scaleReads: 'master' })],
  ];

  it.each(taken)('%s', (_, client) => {
    expect(new RedisSessionStore({ client })).toBeInstanceOf(RedisSessionStore);
  });

  it.each(['redis://localhost', 'rediss://u:p@host:6380/3', 'redis://:p%40ss@[::1]:6379/'])('%s', (url) => {
    expect(new RedisSessionStore({ url })).toBeInstanceOf(RedisSessionStore);
  });

  it('any prefix without a brace', () => {
    for (const prefix of ['', 'app:', 'app}', '漢:', undefined]) {
      expect(new RedisSessionStore({ url: 'redis://localhost', prefix })).toBeInstanceOf(RedisSessionStore);
    }
  });
});

describe('RedisSessionStore refuses', () => {
  it.each([
    ['nothing', undefined],
    ['an object', {}],
    ['options', { host: 'localhost', port: 6379 }],
    ['the module', nodeRedis6],
    ['the class', Redis5],
    ['a promise of a client', Promise.resolve()],
    ['an address', 'redis://localhost'],
    ['the callback style of node-redis', nodeRedis6.createClient().legacy()],
  ])('%s for a client', (_, client) => {
    const make = () => Reflect.construct(RedisSessionStore, [{ client }]);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/needs a client/);
  });

  const reading: [string, RedisClient, RegExp][] = [
    [
      'scaleReads slave of ioredis 5',
      new Cluster5(startupNodes, { ...io, scaleReads: 'slave' }),
      /scaleReads/,
    ],
    ['scaleReads all of ioredis 5', new Cluster5(startupNodes, { ...io, scaleReads: 'all' }), /scaleReads/],
    [
      'a function of ioredis 5',
      new Cluster5(startupNodes, { ...io, scaleReads: () => undefined }),
      /scaleReads/,
    ],
    [
      'role slave of ioredis 5',
      new Redis5({ ...io, sentinels: startupNodes, name: 'x', role: 'slave' }),
      /role: 'slave'/,
    ],
    ['readOnly of ioredis 5', new Redis5({ ...io, readOnly: true }), /readOnly/],
    ['readonly of node-redis 5', nodeRedis5.createClient({ readonly: true }), /readonly/],
    [
      'useReplicas of node-redis 5',
      nodeRedis5.createCluster({ rootNodes, useReplicas: true }),
      /useReplicas/,
    ],
    ['a cache of node-redis 5', nodeRedis5.createClient({ RESP: 3, clientSideCache: {} }), /clientSideCache/],
    [
      'a cluster’s cache of node-redis 5',
      nodeRedis5.createCluster({ RESP: 3, rootNodes, clientSideCache: {} }),
      /clientSideCache/,
    ],
    [
      'a sentinel’s cache of node-redis 5',
      nodeRedis5.createSentinel({ RESP: 3, ...sentinels, clientSideCache: {} }),
      /clientSideCache/,
    ],
    [
      'scaleReads slave of ioredis 6',
      new Cluster6(startupNodes, { ...io, scaleReads: 'slave' }),
      /scaleReads/,
    ],
    ['scaleReads all of ioredis 6', new Cluster6(startupNodes, { ...io, scaleReads: 'all' }), /scaleReads/],
    [
      'a function of ioredis 6',
      new Cluster6(startupNodes, { ...io, scaleReads: () => undefined }),
      /scaleReads/,
    ],
    [
      'role slave of ioredis 6',
      new Redis6({ ...io, sentinels: startupNodes, name: 'x', role: 'slave' }),
      /role: 'slave'/,
    ],
    ['readOnly of ioredis 6', new Redis6({ ...io, readOnly: true }), /readOnly/],
    ['readonly of node-redis 6', nodeRedis6.createClient({ readonly: true }), /readonly/],
    [
      'useReplicas of node-redis 6',
      nodeRedis6.createCluster({ rootNodes, useReplicas: true }),
      /useReplicas/,
    ],
    ['a cache of node-redis 6', nodeRedis6.createClient({ RESP: 3, clientSideCache: {} }), /clientSideCache/],
    [
      'a cluster’s cache of node-redis 6',
      nodeRedis6.createCluster({ RESP: 3, rootNodes, clientSideCache: {} }),
      /clientSideCache/,
    ],
    [
      'a sentinel’s cache of node-redis 6',
      nodeRedis6.createSentinel({ RESP: 3, ...sentinels, clientSideCache: {} }),
      /clientSideCache/,
    ],
  ];

  it.each(reading)('a client that does not read from the primary: %s', (_, client, what) => {
    const make = () => new RedisSessionStore({ client });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(what);
    expect(make).toThrow(/older than a logout.*a client of its own/);
  });

  it.each(['{app}:', 'a{', 5])('the prefix %j', (prefix) => {
    const make = () => Reflect.construct(RedisSessionStore, [{ url: 'redis://localhost', prefix }]);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/prefix.*without "\{"/);
  });

  it('neither a client nor a url, and both', () => {
    const both = { client: nodeRedis6.createClient(), url: 'redis://localhost' };
    for (const options of [{}, both]) {
      expect(() => Reflect.construct(RedisSessionStore, [options])).toThrow(/a client or a url, one of them/);
    }
  });

  it.each([
    'SECRET',
    '',
    'http://u:SECRET@host',
    'redis://u:SECRET@host:port',
    'redis://u:SECRET@host/a/b',
    5,
  ])('the url %j, without repeating it', (url) => {
    const make = () => Reflect.construct(RedisSessionStore, [{ url }]);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/cannot use its url/);
    try {
      make();
    } catch (error) {
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain('SECRET');
    }
  });
});

// @ts-expect-error -- an object that is no client does not compile
void ((): RedisSessionStore => new RedisSessionStore({ client: {} }));
// @ts-expect-error -- nor does the promise of one
void ((): RedisSessionStore => new RedisSessionStore({ client: nodeRedis6.createClient().connect() }));
// @ts-expect-error -- nor do both ways at once
void ((): RedisSessionStore => new RedisSessionStore({ client: new Redis5(), url: '' }));
