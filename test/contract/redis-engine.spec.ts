import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { Redis as Redis6 } from 'ioredis-6';
import { type SessionStore, StoreSetupError, type Version } from 'nest-sessions';
import { type RedisClient, RedisSessionStore } from 'nest-sessions/redis';
import { fakeClock } from 'nest-sessions/testing';
import * as nodeRedis from 'redis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { changed, createRecord, createSessionId, IDLE, textOf } from '../../src/testing/contract/records.js';
import { REDIS_DRIVERS } from '../support/redis-drivers.js';
import { hasServer } from '../support/servers/has-server.js';
import { type RedisServer, startRedis } from '../support/servers/redis.server.js';
import { startProxy } from '../support/servers/tcp-proxy.js';
import { within } from '../support/within.js';

const LIMIT_MS = 10_000;
/** How much longer a key lives than its session. */
const MARGIN = 60_000;

describe.skipIf(!(await hasServer('redis', 'RedisSessionStore and its server', { own: true })))(
  'Redis',
  () => {
    let server: RedisServer;
    let admin: Redis;

    beforeAll(async () => {
      server = await startRedis({ own: true });
      admin = new Redis(server.url);
    });

    afterAll(async () => {
      admin?.disconnect();
      await server?.stop();
    });

    /** A store on keys of its own. */
    function storeOf(client: RedisClient, options: { clock?: { now(): number } } = {}) {
      const prefix = `${randomUUID()}:`;
      const store = new RedisSessionStore({ client, prefix, ...options });
      return { store, keyOf: (id: string) => `${prefix}s:${id}` };
    }

    /** What clients, not scripts, were seen to ask of the keys with this prefix while the work was done. */
    async function commandsDuring(part: string, work: () => Promise<unknown>): Promise<string[]> {
      const seen: string[] = [];
      const monitor = await admin.monitor();
      const marker = randomUUID();
      const marked = new Promise<void>((resolve) => {
        monitor.on('monitor', (_time, [name = '', ...args]: string[], source: string) => {
          if (args.includes(marker)) {
            resolve();
          } else if (source !== 'lua' && args.some((arg) => arg.includes(part))) {
            seen.push(name.toLowerCase());
          }
        });
      });
      await work();
      await admin.echo(marker);
      await within(LIMIT_MS, () => 'the monitor did not see the marker', marked);
      monitor.disconnect();
      return seen;
    }

    describe('a record', () => {
      it('is one hash of three texts, beside room for other keys', async () => {
        const store = new RedisSessionStore({ client: admin });
        const id = createSessionId();
        const record = createRecord();
        await store.create(id, record);
        const texts = await admin.hgetall(`session:s:${id}`);
        expect(Object.keys(texts).toSorted()).toEqual(['fields', 'header', 'times']);
        expect(texts.fields).toBe(record.fields);
        expect(texts.times).toBe(`${record.lastSeenAt} ${record.expiresAt}`);
      });

      it('takes little more memory than its texts', async () => {
        const { store, keyOf } = storeOf(admin);
        const id = createSessionId();
        await store.create(id, createRecord(textOf({ text: 'x'.repeat(988) })));
        expect(await admin.memory('USAGE', keyOf(id))).toBeLessThan(1_600);
        for (let count = 0; count < 20; count++) {
          const { version, ...rest } = (await store.read(id))!;
          await store.replace(id, { ...rest, version: changed({ ...rest, version }).version }, version);
        }
        expect(await admin.memory('USAGE', keyOf(id))).toBeLessThan(1_800);
      });
    });

    describe('expiry', () => {
      it('is Redis’ own, relative to our clock, moved by replace and touch', async () => {
        const clock = fakeClock(5_000_000);
        const { store, keyOf } = storeOf(admin, { clock });
        const id = createSessionId();
        const now = clock.now();
        const record = createRecord({ createdAt: now, lastSeenAt: now, expiresAt: now + IDLE });
        const expectLife = async (life: number) => {
          const left = await admin.pttl(keyOf(id));
          expect(left).toBeLessThanOrEqual(life);
          expect(left).toBeGreaterThan(life - LIMIT_MS);
        };
        await store.create(id, record);
        await expectLife(IDLE + MARGIN);

        clock.advance(600_000);
        const next = changed({ ...record, lastSeenAt: clock.now(), expiresAt: clock.now() + 2 * IDLE });
        await store.replace(id, next, record.version);
        await expectLife(2 * IDLE + MARGIN);

        clock.advance(600_000);
        await store.touch(id, next.version, clock.now(), clock.now() + IDLE);
        await expectLife(IDLE + MARGIN);

        await store.touch(id, record.version, clock.now() + 1, clock.now() + 9 * IDLE);
        await store.replace(id, changed({ ...record, expiresAt: clock.now() + 9 * IDLE }), record.version);
        await expectLife(IDLE + MARGIN);
      });

      it('takes the key away, and nothing brings it back', async () => {
        const clock = fakeClock(5_000_000);
        const { store, keyOf } = storeOf(admin, { clock });
        const id = createSessionId();
        const record = createRecord({ lastSeenAt: clock.now(), expiresAt: clock.now() + IDLE });
        clock.advance(IDLE + MARGIN - 200);
        await store.create(id, record);
        expect(await store.read(id)).toEqual(record);
        await vi.waitFor(async () => expect(await admin.exists(keyOf(id))).toBe(0), { timeout: LIMIT_MS });
        expect(await store.read(id)).toBeUndefined();
        expect(await store.touch(id, record.version, clock.now(), clock.now() + IDLE)).toBe(false);
        expect(await store.replace(id, changed(record), record.version)).toEqual({ done: false });
        expect(await admin.exists(keyOf(id))).toBe(0);
      });

      it('is set for every record, one that is over long ago or never ends included', async () => {
        const { store, keyOf } = storeOf(admin);
        for (const expiresAt of [
          8_640_000_000_000_000,
          Number.MAX_VALUE,
          Number.POSITIVE_INFINITY,
          0.5,
          -1,
        ]) {
          const id = createSessionId();
          await store.create(id, createRecord({ expiresAt }));
          // -2 is no key, -1 one without an end.
          expect(await admin.pttl(keyOf(id))).not.toBe(-1);
        }
      });
    });

    describe.each(REDIS_DRIVERS)('with $name', (driver) => {
      async function connected(url = server.url) {
        const { client, close } = await driver.single(url);
        onTestFinished(async () => void (await close()));
        return { client, ...storeOf(client) };
      }

      it('asks once for each operation', async () => {
        const { store, keyOf } = await connected();
        await assertEveryOperation(store);
        const id = createSessionId();
        const commands = await commandsDuring(keyOf(''), async () => {
          const record = createRecord();
          await store.create(id, record);
          await store.read(id);
          const next = changed(record);
          await store.replace(id, next, record.version);
          await store.replace(id, changed(record), record.version);
          await store.touch(id, next.version, next.lastSeenAt + 1, next.expiresAt + 1);
          await store.remove(id);
        });
        expect(commands).toEqual(['evalsha', 'hmget', 'evalsha', 'evalsha', 'evalsha', 'evalsha']);
      });

      it('goes on when the server has forgotten the scripts', async () => {
        const { store } = await connected();
        const id = createSessionId();
        const record = createRecord();
        const next = changed(record);
        const forget = () => admin.script('FLUSH');
        await assertEveryOperation(store);
        await forget();
        expect(await store.create(id, record)).toBe(true);
        await forget();
        expect(await store.replace(id, next, record.version)).toEqual({ done: true });
        await forget();
        expect(await store.touch(id, next.version, next.lastSeenAt, next.expiresAt)).toBe(true);
        await forget();
        expect(await store.read(id)).toEqual(next);
        expect(await store.remove(id)).toEqual(next);
      });

      it('answers a command that was sent twice as if it had been once, but for remove', async () => {
        const { store } = await connected();
        const id = createSessionId();
        const record = createRecord();
        const next = changed(record);
        const [lastSeenAt, expiresAt] = [next.lastSeenAt + 5, next.expiresAt + 5];
        for (const _ of [1, 2]) {
          expect(await store.create(id, record)).toBe(true);
        }
        for (const _ of [1, 2]) {
          expect(await store.replace(id, next, record.version)).toEqual({ done: true });
        }
        for (const _ of [1, 2]) {
          expect(await store.touch(id, next.version, lastSeenAt, expiresAt)).toBe(true);
        }
        expect(await store.remove(id)).toEqual({ ...next, lastSeenAt, expiresAt });
        expect(await store.remove(id)).toBeUndefined();
      });

      it('P2 knows a replace that is sent again after up to eight others', async () => {
        const { store, keyOf } = await connected();
        const id = createSessionId();
        const record = createRecord();
        const mine = changed(record);
        await store.create(id, record);
        await store.replace(id, mine, record.version);
        let last = mine;
        const versions = [mine.version, record.version];
        for (let count = 0; count < 8; count++) {
          const next = changed(last);
          expect(await store.replace(id, next, last.version)).toEqual({ done: true });
          last = next;
          versions.unshift(next.version);
          expect(await store.replace(id, mine, record.version)).toEqual({ done: true });
          expect(await store.create(id, mine)).toBe(false);
          expect(await store.read(id)).toEqual(last);
        }
        // No more than that is kept, and it is no part of the record.
        const header = await admin.hget(keyOf(id), 'header');
        expect(header?.split(' ')[1]).toBe(versions.slice(0, 9).join(','));
        const more = changed(last);
        expect(await store.replace(id, more, last.version)).toEqual({ done: true });
        expect(await store.replace(id, mine, record.version)).toEqual({ done: false, current: more });
        expect(await store.create(id, mine)).toBe(false);
        expect(await store.touch(id, last.version, more.lastSeenAt + 1, more.expiresAt + 1)).toBe(false);
        expect(await store.touch(id, more.version, more.lastSeenAt, more.expiresAt)).toBe(true);
        expect(await store.remove(id)).toEqual(more);
        expect(await store.replace(id, more, last.version)).toEqual({ done: false });
      });

      it('takes a version for another that only begins or ends like it', async () => {
        const { store } = await connected();
        const id = createSessionId();
        const record = createRecord({ version: 1234 as Version });
        const next = createRecord({ version: 999_999 as Version });
        await store.create(id, record);
        await store.replace(id, next, record.version);
        for (const version of [123, 234, 23, 99_999, 1]) {
          const other = createRecord({ version: version as Version });
          expect(await store.replace(id, other, record.version)).toEqual({ done: false, current: next });
        }
      });

      it.each<[string, (key: string) => Promise<unknown>]>([
        ['a text', (key) => admin.set(key, 'hello')],
        ['a list', (key) => admin.rpush(key, 'hello')],
        ['a hash with garbage', (key) => admin.hset(key, { header: 'hello', fields: '{}', times: '1 2' })],
        ['a hash with a part missing', (key) => admin.hset(key, { header: '1 5 []', times: '1 2' })],
      ])('takes %s for a corrupt record, which can be removed', async (_, put) => {
        const { store, keyOf } = await connected();
        const [id, healthy] = [createSessionId(), createSessionId()];
        const corrupt = { version: -1, fields: '', expiresAt: 0 };
        const record = createRecord();
        await put(keyOf(id));
        await store.create(healthy, record);
        expect(await store.read(id)).toMatchObject(corrupt);
        const several = await store.readMany([id, healthy, createSessionId()]);
        expect(several).toEqual([expect.objectContaining(corrupt), record, undefined]);
        expect(await store.create(id, record)).toBe(false);
        const replaced = await store.replace(id, changed(record), record.version);
        expect(replaced).toEqual({ done: false, current: expect.objectContaining(corrupt) });
        expect(await store.touch(id, record.version, Date.now(), Date.now() + IDLE)).toBe(false);
        expect(await store.remove(id)).toMatchObject(corrupt);
        expect(await admin.exists(keyOf(id))).toBe(0);
      });

      it('takes a hash of somebody else’s for nothing', async () => {
        const { store, keyOf } = await connected();
        const id = createSessionId();
        await admin.hset(keyOf(id), { other: 'hello' });
        expect(await store.read(id)).toBeUndefined();
        expect(await store.create(id, createRecord())).toBe(false);
        const record = createRecord();
        expect(await store.replace(id, record, record.version)).toEqual({ done: false });
        expect(await admin.hgetall(keyOf(id))).toEqual({ other: 'hello' });
      });

      it('neither reads nor removes what a newer version wrote', async () => {
        const { store, keyOf } = await connected();
        const id = createSessionId();
        const newer = { header: '2 5 {}', fields: '{}', times: '1 2' };
        await admin.hset(keyOf(id), newer);
        const record = createRecord();
        for (const ask of [
          () => store.read(id),
          () => store.replace(id, record, record.version),
          () => store.remove(id),
        ]) {
          await expect(ask()).rejects.toThrow(/newer version of nest-sessions.*Finish the upgrade/);
        }
        expect(await admin.hgetall(keyOf(id))).toEqual(newer);
      });

      it('listens to the client it was given once, however many stores there are', async () => {
        const { client, store } = await connected();
        // Those of the driver's own are there when it has answered.
        await store.open();
        const listeners = () => {
          const emitter = client as unknown as EventEmitter;
          return emitter.eventNames().map((name) => [name, emitter.listenerCount(name)]);
        };
        const before = listeners();
        for (const another of [storeOf(client).store, storeOf(client).store]) {
          await another.open();
          await another.create(createSessionId(), createRecord());
          expect(listeners()).toEqual(before);
        }
      });

      it('leaves the client it was given open', async () => {
        const { client, store } = await connected();
        await store.create(createSessionId(), createRecord());
        await store.close();
        await expect(store.read(createSessionId())).rejects.toThrow(/after close\(\)/);
        expect(await storeOf(client).store.read(createSessionId())).toBeUndefined();
      });

      it('keeps the contents of sessions out of errors', async () => {
        const full = await startRedis({ args: ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'] });
        onTestFinished(() => full.stop());
        const { store } = await connected(full.url);
        const record = createRecord(textOf({ text: 'SECRET' }));
        const error = await store.create(createSessionId(), record).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(Error);
        expect(String(error)).toMatch(/OOM/);
        expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(/SECRET|handle|meta/);
      });
    });

    describe('with ioredis, which sends a command again when its answer was lost', () => {
      it.each<
        [string, (store: SessionStore, id: ReturnType<typeof createSessionId>) => Promise<unknown>, unknown]
      >([
        ['create', (store) => store.create(createSessionId(), RECORD), true],
        ['replace', (store, id) => store.replace(id, changed(RECORD), RECORD.version), { done: true }],
        [
          'touch',
          (store, id) => store.touch(id, RECORD.version, RECORD.lastSeenAt + 1, RECORD.expiresAt + 1),
          true,
        ],
        ['remove', (store, id) => store.remove(id), undefined],
      ])('%s', async (_name, ask, answer) => {
        const proxy = await startProxy(server);
        const client = new Redis({ host: proxy.host, port: proxy.port, retryStrategy: () => 10 });
        client.on('error', () => undefined);
        onTestFinished(async () => {
          client.disconnect();
          await proxy.stop();
        });
        const { store, keyOf } = storeOf(client);
        const id = createSessionId();
        await assertEveryOperation(store);
        await store.create(id, RECORD);
        const commands = await commandsDuring(keyOf(''), async () => {
          proxy.dropAnswers();
          const asked = ask(store, id);
          await vi.waitFor(() => expect(proxy.spoilt).toBeGreaterThan(0), { timeout: LIMIT_MS });
          proxy.pass();
          expect(await within(LIMIT_MS, () => 'no answer', asked)).toEqual(answer);
        });
        expect(commands).toEqual(['evalsha', 'evalsha']);
      });
    });

    describe('with a client that is set up in its own way', () => {
      const { BLOB_STRING } = nodeRedis.RESP_TYPES;

      /** Makes a client for one test. */
      function made<T>(client: T, end: (client: T) => unknown): T {
        onTestFinished(async () => void (await end(client)));
        return client;
      }

      const ways: [string, () => Promise<RedisClient>][] = [
        [
          'keyPrefix',
          async () => made(new Redis(server.url, { keyPrefix: 'p:' }), (one) => one.disconnect()),
        ],
        [
          'enableAutoPipelining',
          async () => made(new Redis(server.url, { enableAutoPipelining: true }), (one) => one.disconnect()),
        ],
        [
          'lazyConnect',
          async () => made(new Redis(server.url, { lazyConnect: true }), (one) => one.disconnect()),
        ],
        [
          'stringNumbers',
          async () => made(new Redis(server.url, { stringNumbers: true }), (one) => one.disconnect()),
        ],
        [
          "replyMapping 'resp3'",
          async () =>
            made(new Redis6({ port: server.port, host: server.host, replyMapping: 'resp3' }), (one) =>
              one.disconnect(),
            ),
        ],
        [
          'RESP 2',
          async () =>
            made(await nodeRedis.createClient({ url: server.url, RESP: 2 }).connect(), (one) =>
              one.destroy(),
            ),
        ],
        [
          'texts as buffers',
          async () => {
            const client = await nodeRedis.createClient({ url: server.url }).connect();
            return made(client, (one) => one.destroy()).withTypeMapping({ [BLOB_STRING]: Buffer });
          },
        ],
        [
          'a pool',
          async () => {
            const pool = made(nodeRedis.createClientPool({ url: server.url }), (one) => one.destroy());
            await pool.connect();
            return pool;
          },
        ],
      ];

      it.each(ways)('%s', async (_, client) => {
        const { store } = storeOf(await client());
        await store.open();
        await assertEveryOperation(store);
      });

      it('says what to do when a client of node-redis was not connected', async () => {
        const { store } = storeOf(nodeRedis.createClient({ url: server.url }));
        for (const ask of [
          () => store.open(),
          () => store.read(createSessionId()),
          () => store.create(createSessionId(), createRecord()),
        ]) {
          await expect(ask()).rejects.toThrow(/not connected, or was closed.*await client\.connect\(\)/);
        }
      });
    });

    describe('at boot', () => {
      async function serverWith(...args: string[]): Promise<RedisServer> {
        const started = await startRedis({ args });
        onTestFinished(() => started.stop());
        return started;
      }

      it.each(REDIS_DRIVERS)('refuses a server that evicts, through $name', async (driver) => {
        const evicting = await serverWith('--maxmemory', '64mb', '--maxmemory-policy', 'volatile-lru');
        const { client, close } = await driver.single(evicting.url);
        onTestFinished(async () => void (await close()));
        const opening = new RedisSessionStore({ client }).open();
        await expect(opening).rejects.toThrow(StoreSetupError);
        await expect(opening).rejects.toThrow(
          /maxmemory-policy volatile-lru.*Set maxmemory-policy to noeviction/,
        );
        await new RedisSessionStore({ client, checkEviction: false }).open();
        await new RedisSessionStore({ client: admin }).open();
      });

      it('says that a server is a replica, without stopping the application', async () => {
        const replica = await serverWith('--replicaof', `${server.host} ${server.port}`);
        const store = new RedisSessionStore({ url: replica.url });
        onTestFinished(() => store.close());
        const error = await store.open().catch((reason: unknown) => reason);
        expect(String(error)).toMatch(/is a replica, which takes no writes/);
        expect(error).not.toBeInstanceOf(StoreSetupError);
        await expect(store.create(createSessionId(), createRecord())).rejects.toThrow(/READONLY/);
      });

      it('asks no more rights than the guide says', async () => {
        const rights = ['+eval', '+evalsha', '+hmget', '+hget', '+hset', '+type', '+pexpire', '+del'];
        await admin.acl('SETUSER', 'app', 'on', '>pass', '~session:*', '-@all', ...rights, '+hello');
        onTestFinished(async () => void (await admin.acl('DELUSER', 'app')));
        // ioredis says on the console that it may not ask INFO.
        const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
        onTestFinished(() => warn.mockRestore());
        for (const driver of REDIS_DRIVERS) {
          const { client, close } = await driver.single(server.url.replace('//', '//app:pass@'));
          const store = new RedisSessionStore({ client });
          // It may not ask INFO, so nothing is checked.
          await store.open();
          await assertEveryOperation(store);
          await close();
        }
      });
    });

    it('refuses writes, and harms nothing, when the memory is full and nothing is evicted', async () => {
      const limited = await startRedis({ own: true });
      onTestFinished(() => limited.stop());
      const client = new Redis(limited.url);
      onTestFinished(() => client.disconnect());
      const { store, keyOf } = storeOf(client);
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      const life = await client.pttl(keyOf(id));
      await client.config('SET', 'maxmemory', '1');
      await expect(store.create(createSessionId(), createRecord())).rejects.toThrow(/OOM/);
      await expect(store.replace(id, changed(record), record.version)).rejects.toThrow(/OOM/);
      const touching = store.touch(id, record.version, record.lastSeenAt + 1, record.expiresAt + 9 * IDLE);
      await expect(touching).rejects.toThrow(/OOM/);
      expect(await client.pttl(keyOf(id))).toBeLessThanOrEqual(life);
      expect(await store.read(id)).toEqual(record);
      expect(await store.remove(id)).toEqual(record);
    });
  },
);

const RECORD = createRecord();

/** Does everything once, so that the server knows the scripts. */
async function assertEveryOperation(store: SessionStore): Promise<void> {
  const id = createSessionId();
  const record = createRecord(textOf({ text: 'é漢🦊' }));
  const next = changed(record);
  expect(await store.create(id, record)).toBe(true);
  expect(await store.readMany([id, createSessionId()])).toEqual([record, undefined]);
  expect(await store.replace(id, next, record.version)).toEqual({ done: true });
  expect(await store.replace(id, changed(record), record.version)).toEqual({ done: false, current: next });
  expect(await store.touch(id, next.version, next.lastSeenAt, next.expiresAt)).toBe(true);
  expect(await store.remove(id)).toEqual(next);
  expect(await store.remove(id)).toBeUndefined();
}
