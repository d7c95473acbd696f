import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis';
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis-6';
import type { SessionId } from 'nest-sessions';
import { type RedisClient, RedisSessionStore } from 'nest-sessions/redis';
import * as nodeRedis6 from 'redis';
import * as nodeRedis5 from 'redis-5';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { changed, createRecord, createSessionId } from '../../src/testing/contract/records.js';
import { hasServer } from '../support/servers/has-server.js';
import {
  type RedisCluster,
  type RedisSentinel,
  startRedisCluster,
  startRedisSentinel,
} from '../support/servers/redis.server.js';
import { RespConnection } from '../support/servers/resp-connection.js';
import { type ProxyTarget, startProxy } from '../support/servers/tcp-proxy.js';
import { within } from '../support/within.js';
import { startHoldingProxy } from '../support/worker-holding-proxy.js';

const LIMIT_MS = 20_000;
const ignore = () => undefined;

type Connected = [RedisClient, () => unknown];

/** Makes a client that reaches one of the servers by way of a proxy. */
type Connect = (
  proxy: ProxyTarget,
  target: ProxyTarget,
  others: readonly ProxyTarget[],
) => Promise<Connected>;

function mapped(proxy: ProxyTarget, { port }: ProxyTarget) {
  return { [`127.0.0.1:${port}`]: { host: proxy.host, port: proxy.port } };
}

describe.skipIf(!(await hasServer('redis', 'RedisSessionStore and lost answers', { own: true })))(
  'P2 a replace that the driver sends again, after others have built on it, was done',
  () => {
    let place: RedisSentinel;
    let cluster: RedisCluster;

    beforeAll(async () => {
      [place, cluster] = await Promise.all([startRedisSentinel(), startRedisCluster()]);
    });

    afterAll(() => Promise.all([place?.stop(), cluster?.stop()]));

    /** Loses the answer to a replace, and lets others replace before the driver's second attempt arrives. */
    async function expectDone(
      target: ProxyTarget,
      others: readonly ProxyTarget[],
      id: SessionId,
      connect: Connect,
    ) {
      const losing = await startProxy(target);
      const holding = await startHoldingProxy(losing);
      const [client, close] = await connect(holding, target, others);
      const direct = new Redis5(target.port, target.host);
      onTestFinished(async () => {
        holding.release();
        await close();
        direct.disconnect();
        await holding.stop();
        await losing.stop();
      });
      const [far, near] = [client, direct].map((one) => new RedisSessionStore({ client: one }));
      const record = createRecord();
      const mine = changed(record);
      expect(await far!.create(id, record)).toBe(true);
      // The server knows the script, so that the replace is one command.
      await far!.replace(id, mine, changed(record).version);

      losing.dropAnswers(1);
      holding.hold('new');
      const replacing = far!.replace(id, mine, record.version);
      replacing.catch(ignore);
      await vi.waitFor(() => expect(losing.spoilt).toBe(1), { timeout: LIMIT_MS, interval: 1 });
      let last = mine;
      for (let count = 0; count < 3; count++) {
        const next = changed(last);
        expect(await near!.replace(id, next, last.version)).toEqual({ done: true });
        last = next;
      }
      holding.release();
      expect(await within(LIMIT_MS, () => 'no answer', replacing)).toEqual({ done: true });
      expect(await near!.read(id)).toEqual(last);
    }

    it.each<[string, Connect]>([
      [
        'ioredis 5',
        async ({ host, port }) => {
          const client = new Redis5(port, host).on('error', ignore);
          return [client, () => client.disconnect()];
        },
      ],
      [
        'ioredis 6',
        async ({ host, port }) => {
          const client = new Redis6(port, host).on('error', ignore);
          return [client, () => client.disconnect()];
        },
      ],
      [
        'createSentinel of node-redis 5',
        async (proxy, target) => {
          const client = nodeRedis5.createSentinel({
            name: place.name,
            sentinelRootNodes: [...place.sentinels],
            nodeAddressMap: mapped(proxy, target),
          });
          await client.on('error', ignore).connect();
          return [client, () => client.isOpen && client.destroy()];
        },
      ],
      [
        'createSentinel of node-redis 6',
        async (proxy, target) => {
          const client = nodeRedis6.createSentinel({
            name: place.name,
            sentinelRootNodes: [...place.sentinels],
            nodeAddressMap: mapped(proxy, target),
          });
          await client.on('error', ignore).connect();
          return [client, () => client.isOpen && client.destroy()];
        },
      ],
    ])('%s', (_, connect) => expectDone(place.master, [], createSessionId(), connect));

    const clusterNodeRetryStrategy = () => 10;

    it.each<[string, Connect]>([
      [
        'Cluster of ioredis 5',
        async (proxy, target, others) => {
          const client = new Cluster5([...others], { natMap: mapped(proxy, target) }).on('error', ignore);
          return [client, () => client.disconnect()];
        },
      ],
      [
        'Cluster of ioredis 5 with clusterNodeRetryStrategy',
        async (proxy, target, others) => {
          const options = { natMap: mapped(proxy, target), clusterNodeRetryStrategy };
          const client = new Cluster5([...others], options).on('error', ignore);
          return [client, () => client.disconnect()];
        },
      ],
      [
        'Cluster of ioredis 6 with clusterNodeRetryStrategy',
        async (proxy, target, others) => {
          const options = { natMap: mapped(proxy, target), clusterNodeRetryStrategy };
          const client = new Cluster6([...others], options).on('error', ignore);
          return [client, () => client.disconnect()];
        },
      ],
    ])('%s', async (_, connect) => {
      const id = createSessionId();
      const answers = await Promise.all(
        cluster.nodes.map(({ port }) => RespConnection.ask(port, 'EXISTS', `session:s:${id}`)),
      );
      const target = cluster.nodes[answers.indexOf('0')]!;
      const others = cluster.nodes
        .filter((node) => node !== target)
        .map(({ host, port }) => ({ host, port }));
      await expectDone(target, others, id, connect);
    });
  },
);
