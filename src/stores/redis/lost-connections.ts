import { type IoredisClient, methodOf } from './redis-client.js';

/** How many connections a client has lost. */
export interface LostConnections {
  readonly count: number;
}

const LOST = Symbol('nest-sessions.lost-connections');

/** Counts what a client of ioredis loses: once for each client, whatever number of stores it has. */
export function lostConnectionsOf(client: IoredisClient): LostConnections {
  const known: unknown = Reflect.get(client, LOST);
  if (isCount(known)) {
    return known;
  }
  const lost = { count: 0 };
  const count = () => {
    lost.count += 1;
  };
  const watch = (node: unknown) => void methodOf(node, 'on')?.('close', count);
  watch(client);
  // A cluster has a connection to each node, those that are there and those that come.
  methodOf(client, 'on')?.('+node', watch);
  const nodes: unknown = methodOf(client, 'nodes')?.('all');
  if (Array.isArray(nodes)) {
    nodes.forEach(watch);
  }
  // It belongs to the client and goes with it.
  Reflect.defineProperty(client, LOST, { value: lost });
  return lost;
}

function isCount(value: unknown): value is LostConnections {
  return typeof value === 'object' && value !== null && 'count' in value && typeof value.count === 'number';
}
