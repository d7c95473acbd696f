import * as node6 from 'redis';
import * as node5 from 'redis-5';
import { describe, expect, it } from 'vitest';
import { commandsOf } from './redis-commands.js';
import { type NodeRedisClient, withoutTimers } from './redis-client.js';

/** A client of `createClient()` whose commands wait until they are answered. */
function fakeClient() {
  const commands: { readonly timeout: number | undefined; answer(): void }[] = [];
  const withTimeout = (timeout: number | undefined) => ({
    isOpen: true,
    isReady: true,
    eval: () => Promise.reject(new Error('not asked for')),
    evalSha: () => ask(timeout),
    hmGet: () => ask(timeout),
    withCommandOptions: (options: { timeout: number | undefined }) => withTimeout(options.timeout),
  });
  const ask = (timeout: number | undefined) =>
    new Promise<unknown>((resolve) => {
      commands.push({ timeout, answer: () => resolve(null) });
    });
  const client = withTimeout(5_000);
  return { client, commands, timeouts: () => commands.map(({ timeout }) => timeout) };
}

const asked = (client: NodeRedisClient) => {
  const redis = commandsOf(client);
  return {
    read: () => redis.readOne('key'),
    run: () => redis.run({ text: 'return 1', sha1: 'a'.repeat(40) }, 'key', []),
  };
};

describe('commands of node-redis', () => {
  it('have no timer while the client sends them at once', () => {
    const { client, timeouts } = fakeClient();
    const redis = asked(client);
    void redis.read();
    void redis.run();
    expect(timeouts()).toEqual([undefined, undefined]);
  });

  it("have the client's limit of time while it has no connection", () => {
    const { client, timeouts } = fakeClient();
    const redis = asked(client);
    client.isReady = false;
    void redis.read();
    void redis.run();
    client.isReady = true;
    void redis.read();
    expect(timeouts()).toEqual([5_000, 5_000, undefined]);
  });

  it('have it when very many are under way: the server may have stopped to take them', async () => {
    const { client, commands, timeouts } = fakeClient();
    const redis = asked(client);
    const reads = Array.from({ length: 1_001 }, () => redis.read());
    expect(timeouts().slice(-2)).toEqual([undefined, 5_000]);
    commands.forEach(({ answer }) => answer());
    await Promise.all(reads);
    void redis.read();
    expect(timeouts().at(-1)).toBeUndefined();
  });

  it('are left to clients that may send them later', () => {
    const { client, timeouts } = fakeClient();
    const sentinel = { ...client, getSentinelNode: () => undefined, getMasterNode: () => undefined };
    const cluster = { ...client, nodeClient: () => undefined };
    void asked(sentinel).run();
    void asked(cluster).run();
    expect(timeouts()).toEqual([5_000, 5_000]);
  });

  it.each([
    ['createClient()', () => node6.createClient(), true],
    ['createClient() of version 5', () => node5.createClient(), true],
    ['createCluster()', () => node6.createCluster({ rootNodes: [{}] }), false],
    ['createClientPool()', () => node6.createClientPool(), false],
    ['createSentinel()', () => node6.createSentinel({ name: 'a', sentinelRootNodes: [] }), false],
  ])('have a way without timers in clients of %s: %#', (_what, make, has) => {
    expect(withoutTimers(make()) !== undefined).toBe(has);
  });
});
