import { vi } from 'vitest';
import type { OwnServer } from './own-server.js';
import { EPHEMERAL, startOwnRedis } from './own-redis.js';
import { RespConnection } from './resp-connection.js';

const SLOTS = 16_384;
const MASTERS = 3;
/** Where the nodes talk to each other, above the port for clients. */
const BUS = 10_000;

/** Three masters that share the keys. */
export interface RedisCluster {
  readonly isOwn: true;
  readonly nodes: readonly OwnServer[];
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

/** Starts three masters, and resolves when each of them says that the cluster is whole. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const args = [...EPHEMERAL, '--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'];
  const nodes: OwnServer[] = [];
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    for (let count = 0; count < MASTERS; count++) {
      nodes.push(await startOwnRedis({ args, otherPorts: [BUS] }));
    }
    await join(nodes);
  } catch (error) {
    await stop();
    throw error;
  }
  return { isOwn: true, nodes, urls: nodes.map(({ url }) => url), stop };
}

async function join(nodes: readonly OwnServer[]): Promise<void> {
  const [first] = nodes;
  for (const [index, { port }] of nodes.entries()) {
    const from = Math.ceil((index * SLOTS) / nodes.length);
    const to = Math.ceil(((index + 1) * SLOTS) / nodes.length) - 1;
    await ok(port, 'CLUSTER', 'ADDSLOTS', ...Array.from({ length: to - from + 1 }, (_, slot) => from + slot));
    // Equal epochs are settled among the nodes in time; different ones from the start save the wait.
    await ok(port, 'CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
    await ok(port, 'CLUSTER', 'MEET', '127.0.0.1', first!.port);
  }
  await vi.waitFor(
    async () => {
      for (const { port } of nodes) {
        const info = await RespConnection.ask(port, 'CLUSTER', 'INFO');
        const isWhole = /cluster_state:ok/.test(info) && info.includes(`cluster_size:${nodes.length}`);
        if (!isWhole || !info.includes(`cluster_known_nodes:${nodes.length}`)) {
          throw new Error(`The cluster is not whole:\n${info}`);
        }
      }
    },
    { timeout: 30_000, interval: 50 },
  );
}

async function ok(port: number, ...command: readonly (string | number)[]): Promise<void> {
  const answer = await RespConnection.ask(port, ...command);
  if (answer !== 'OK') {
    throw new Error(`Redis answered ${command.slice(0, 2).join(' ')}: ${answer}`);
  }
}
