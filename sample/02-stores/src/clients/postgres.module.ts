import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { Pool } from 'pg';
import { fromAddress } from './from-address.js';

/** `pg` has no limits of its own, and would wait for a server that is gone without a word. */
const LIMITS = { connectionTimeoutMillis: 5_000, query_timeout: 10_000 };

function makePool(connectionString: string): Pool {
  const pool = new Pool({ connectionString, ...LIMITS });
  // A connection that breaks while it is idle is replaced. Without a listener it would end the process instead.
  pool.on('error', () => {});
  return pool;
}

/** The PostgreSQL pool of the application, which sessions share with whatever else needs one. */
@Module({
  providers: [
    {
      provide: Pool,
      useFactory: () => fromAddress('POSTGRES_URL', 'postgres://postgres@localhost:5432/postgres', makePool),
    },
  ],
  exports: [Pool],
})
export class PostgresModule implements OnApplicationShutdown {
  constructor(private readonly pool: Pool) {}

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }
}
