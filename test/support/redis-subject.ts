import { randomUUID } from 'node:crypto';
import { RedisSessionStore } from 'nest-sessions/redis';
import type { ContractSubject } from 'nest-sessions/testing';
import type { AppClient } from './redis-drivers.js';

/** A store on keys of its own; each further handle has its own connection, as another process would have. */
export async function redisSubject(connect: () => Promise<AppClient>): Promise<ContractSubject> {
  const prefix = `${randomUUID()}:`;
  const clients: AppClient[] = [];
  const open = async () => {
    const made = await connect();
    clients.push(made);
    return new RedisSessionStore({ client: made.client, prefix });
  };
  return {
    store: await open(),
    reopen: open,
    async close() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}
