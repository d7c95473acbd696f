import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { createClient } from 'redis';
import { fromAddress } from './from-address.js';

export const REDIS = Symbol('Redis');
export type RedisClient = ReturnType<typeof connect>;

function connect(url: string) {
  const client = createClient({ url });
  // It connects again by itself. Without a listener each failure would end the process instead.
  client.on('error', () => {});
  client.connect().catch(() => {});
  return client;
}

/** The Redis client of the application, which sessions share with whatever else needs one. */
@Module({
  providers: [
    { provide: REDIS, useFactory: () => fromAddress('REDIS_URL', 'redis://localhost:6379', connect) },
  ],
  exports: [REDIS],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Inject(REDIS) private readonly client: RedisClient) {}

  async onApplicationShutdown(): Promise<void> {
    // Waits for the commands under way; a client without a connection would wait for ever.
    if (this.client.isReady) await this.client.close();
    else if (this.client.isOpen) this.client.destroy();
  }
}
