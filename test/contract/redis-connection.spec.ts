import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { RedisSessionStore } from 'nest-sessions/redis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { OwnConnection } from '../../src/stores/redis/connection.js';
import type { DriverLoaders } from '../../src/stores/redis/load-driver.js';
import { CREATE, REPLACE } from '../../src/stores/redis/scripts.js';
import { changed, createRecord, createSessionId } from '../../src/testing/contract/records.js';
import { hasServer } from '../support/servers/has-server.js';
import { type RedisServer, startRedis } from '../support/servers/redis.server.js';
import { startProxy } from '../support/servers/tcp-proxy.js';
import { within } from '../support/within.js';

/** Longer than anything here takes, and much shorter than a driver's queue would hold a command. */
const LIMIT_MS = 8_000;

/** As Node says it of a package that is not there. */
function missing(name: string): () => Promise<never> {
  const error = new Error(`Cannot find package '${name}' imported from here`);
  return () => Promise.reject(Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' }));
}

const DRIVERS: readonly [string, DriverLoaders][] = [
  ['node-redis 6', { redis: () => import('redis'), ioredis: missing('ioredis') }],
  ['node-redis 5', { redis: () => import('redis-5'), ioredis: missing('ioredis') }],
  ['ioredis 6', { redis: missing('redis'), ioredis: () => import('ioredis-6') }],
  ['ioredis 5', { redis: missing('redis'), ioredis: () => import('ioredis') }],
];

describe.skipIf(!(await hasServer('redis', 'RedisSessionStore with a url', { own: true })))(
  'a connection of the store’s own',
  () => {
    async function started(...args: string[]): Promise<RedisServer> {
      const server = await startRedis({ durable: true, args });
      onTestFinished(() => server.stop());
      return server;
    }

    describe.each(DRIVERS)('with %s', (_, load) => {
      function connect(url: string): OwnConnection {
        const connection = new OwnConnection(new URL(url), load);
        onTestFinished(() => connection.close());
        return connection;
      }

      /** Reads a key, and answers that or the error. */
      async function read(connection: OwnConnection, key = randomUUID()): Promise<unknown> {
        const reading = connection.commands().then((redis) => redis.read([key]));
        return within(LIMIT_MS, () => 'reading did not end', reading).catch((error: unknown) => error);
      }

      const readable = (connection: OwnConnection) =>
        vi.waitFor(async () => expect(await read(connection)).toBeInstanceOf(Array), { timeout: LIMIT_MS });

      it('P10 fails at once while the server is away, says why, and comes back by itself', async () => {
        const server = await started();
        const connection = connect(server.url);
        const key = randomUUID();
        const redis = await connection.commands();
        await redis.run(CREATE, key, ['1 5 []', '{}', '1 2', '60000', '5']);
        await server.kill();
        await vi.waitFor(
          async () => {
            const text = String(await read(connection));
            expect(text).toContain(`no connection to 127.0.0.1:${server.port}`);
            expect(text).toContain('ECONNREFUSED');
          },
          { timeout: LIMIT_MS },
        );
        await server.restart();
        await readable(connection);
        expect(await read(connection, key)).toEqual([['1 5 []', '{}', '1 2']]);
      });

      it('comes to a server that was absent at first', async () => {
        const server = await started();
        await server.kill();
        const connection = connect(server.url);
        expect(String(await read(connection))).toContain('ECONNREFUSED');
        await server.restart();
        await readable(connection);
      });

      it('sends nothing later that failed: what was under way when the connection broke is not repeated', async () => {
        const server = await started();
        const proxy = await startProxy(server);
        onTestFinished(() => proxy.stop());
        const connection = connect(`redis://${proxy.host}:${proxy.port}`);
        const key = randomUUID();
        const redis = await connection.commands();
        await redis.run(CREATE, key, ['1 5 []', '{}', '1 2', '60000', '5']);
        const admin = new Redis(server.url);
        onTestFinished(() => admin.disconnect());
        await admin.config('RESETSTAT');
        proxy.dropAnswers();
        const replacing = redis.run(REPLACE, key, ['1 6 []', '{}', '1 2', '60000', '6', '5']);
        await expect(within(LIMIT_MS, () => 'it did not fail', replacing)).rejects.toThrow(/^Redis: /);
        proxy.pass();
        await readable(connection);
        const calls = /cmdstat_eval(sha)?:calls=(\d+)/g;
        const counts = [...(await admin.info('commandstats')).matchAll(calls)].map(([, , count]) => count);
        // One by hash, which the server did not know, or knew; never the same twice.
        expect(counts.every((count) => count === '1')).toBe(true);
        expect(counts.length).toBeGreaterThan(0);
      });

      it('P10 leaves a server that became a replica, and finds the one in its place', async () => {
        const [old, promoted] = [await started(), await started()];
        const target = { host: old.host, port: old.port };
        const proxy = await startProxy(target);
        onTestFinished(() => proxy.stop());
        const connection = connect(`redis://${proxy.host}:${proxy.port}`);
        const key = randomUUID();
        const write = async () =>
          (await connection.commands()).run(CREATE, key, ['1 5 []', '{}', '1 2', '60000', '5']);
        await readable(connection);

        // Nobody closes the connection, whether the name leads to another server already or not yet.
        const admin = new Redis(old.url);
        onTestFinished(() => admin.disconnect());
        await admin.replicaof('127.0.0.1', 1);
        const dials = async () =>
          Number(/total_connections_received:(\d+)/.exec(await admin.info('stats'))?.[1]);
        const [begin, before] = [performance.now(), await dials()];
        await vi.waitFor(
          async () => {
            await expect(write()).rejects.toThrow(/READONLY/);
            expect(await dials()).toBeGreaterThan(before);
          },
          { timeout: LIMIT_MS },
        );
        await Promise.all(Array.from({ length: 50 }, () => expect(write()).rejects.toThrow(/READONLY/)));
        const seconds = (performance.now() - begin) / 1_000;
        expect((await dials()) - before).toBeLessThanOrEqual(1 + seconds);

        target.port = promoted.port;
        await vi.waitFor(async () => expect(await write()).toBe('done'), { timeout: LIMIT_MS });
        expect(await read(connection, key)).toEqual([['1 5 []', '{}', '1 2']]);
        // The connections that were given up are closed, and the one in use closes.
        await vi.waitFor(() => expect(proxy.connections).toBe(1), { timeout: LIMIT_MS });
        await connection.close();
        await vi.waitFor(() => expect(proxy.connections).toBe(0), { timeout: LIMIT_MS });
      });

      it('keeps the password out of what it says, and tries on until it is right', async () => {
        const server = await started('--requirepass', 'SECRET');
        const connection = connect(server.url.replace('SECRET', 'WRONGSECRET'));
        const error = await read(connection);
        expect(String(error)).toMatch(/no connection to .*: (WRONGPASS|Ready check failed: NOAUTH)/);
        expect(inspect(error, { depth: null, showHidden: true })).not.toContain('SECRET');
        const admin = new Redis(server.url);
        onTestFinished(() => admin.disconnect());
        await admin.config('SET', 'requirepass', 'WRONGSECRET');
        await readable(connection);
      });

      it('closes in time, whatever the server does', async () => {
        const server = await started();
        const admin = new Redis(server.url);
        onTestFinished(() => admin.disconnect());
        const clients = async () =>
          String(await admin.client('LIST'))
            .trim()
            .split('\n').length;
        const calm = connect(server.url);
        await readable(calm);
        expect(await clients()).toBe(2);
        await calm.close();
        await vi.waitFor(async () => expect(await clients()).toBe(1), { timeout: LIMIT_MS });

        const stalled = connect(server.url);
        await readable(stalled);
        await server.pause();
        const reading = read(stalled);
        const connecting = connect(server.url);
        void read(connecting);
        try {
          const closing = Promise.all([stalled.close(), connecting.close()]);
          await within(LIMIT_MS, () => 'it did not close', closing);
          // With the connection, not after the limit of this test.
          expect(String(await reading)).toMatch(/^\w*Error: Redis: /);
        } finally {
          await server.resume();
        }
        // Neither goes on connecting.
        await vi.waitFor(async () => expect(await clients()).toBe(1), { timeout: LIMIT_MS });

        const unreachable = connect(`redis://127.0.0.1:1`);
        void read(unreachable);
        await within(LIMIT_MS, () => 'it did not close', unreachable.close());
      });
    });

    it('is made by the first call and ends with the store', async () => {
      const server = await started();
      const admin = new Redis(server.url);
      onTestFinished(() => admin.disconnect());
      const clients = async () =>
        String(await admin.client('LIST'))
          .trim()
          .split('\n').length;
      const store = new RedisSessionStore({ url: server.url });
      expect(await clients()).toBe(1);
      const [id, record] = [createSessionId(), createRecord()];
      const next = changed(record);
      expect(await store.create(id, record)).toBe(true);
      expect(await store.replace(id, next, record.version)).toEqual({ done: true });
      expect(await clients()).toBe(2);
      await store.close();
      await store.close();
      await vi.waitFor(async () => expect(await clients()).toBe(1), { timeout: LIMIT_MS });
      await expect(store.open()).rejects.toThrow(/after close\(\)/);
    });

    it('is never made when the store is closed before', async () => {
      const store = new RedisSessionStore({ url: 'redis://127.0.0.1:1' });
      await store.close();
      await expect(store.read(createSessionId())).rejects.toThrow(/after close\(\)/);
    });

    it('goes to the database that the url names', async () => {
      const server = await started();
      const store = new RedisSessionStore({ url: `${server.url}/3`, prefix: 'n:' });
      onTestFinished(() => store.close());
      const id = createSessionId();
      await store.create(id, createRecord());
      const admin = new Redis(server.url, { db: 3 });
      onTestFinished(() => admin.disconnect());
      expect(await admin.keys('*')).toEqual([`n:s:${id}`]);
    });
  },
);
