import { SessionModule } from 'nest-sessions';
import { PostgresSessionStore } from 'nest-sessions/postgres';
import { Pool } from 'pg';
import { PostgresModule } from '../clients/postgres.module.js';
import { ConfigModule } from '../config/config.module.js';
import { AppConfig } from '../login-sample.js';
import { commonOptions } from './common-options.js';

export const sessions = SessionModule.forRootAsync({
  imports: [ConfigModule, PostgresModule],
  inject: [AppConfig, Pool],
  useFactory: (config: AppConfig, pool: Pool) => ({
    ...commonOptions(config),
    store: new PostgresSessionStore({ pool, createTable: true }),
  }),
});
