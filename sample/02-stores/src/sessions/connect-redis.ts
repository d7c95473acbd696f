import { RedisStore } from 'connect-redis';
import { SessionModule } from 'nest-sessions';
import { REDIS, type RedisClient, RedisModule } from '../clients/redis.module.js';
import { ConfigModule } from '../config/config.module.js';
import { AppConfig } from '../login-sample.js';
import { commonOptions } from './common-options.js';

/** In Redis too, by a store that was made for express-session. */
export const sessions = SessionModule.forRootAsync({
  imports: [ConfigModule, RedisModule],
  inject: [AppConfig, REDIS],
  useFactory: (config: AppConfig, client: RedisClient) => ({
    ...commonOptions(config),
    store: new RedisStore({ client }),
  }),
});
