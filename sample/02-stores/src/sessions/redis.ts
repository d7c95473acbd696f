import { SessionModule } from 'nest-sessions';
import { RedisSessionStore } from 'nest-sessions/redis';
import { REDIS, type RedisClient, RedisModule } from '../clients/redis.module.js';
import { ConfigModule } from '../config/config.module.js';
import { AppConfig } from '../login-sample.js';
import { commonOptions } from './common-options.js';

export const sessions = SessionModule.forRootAsync({
  imports: [ConfigModule, RedisModule],
  inject: [AppConfig, REDIS],
  useFactory: (config: AppConfig, client: RedisClient) => ({
    ...commonOptions(config),
    store: new RedisSessionStore({ client }),
  }),
});
