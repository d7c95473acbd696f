import { MongoStore } from 'connect-mongo';
import { MongoClient } from 'mongodb';
import { SessionModule } from 'nest-sessions';
import { MongoModule } from '../clients/mongo.module.js';
import { ConfigModule } from '../config/config.module.js';
import { AppConfig } from '../login-sample.js';
import { commonOptions } from './common-options.js';

/** In MongoDB too, by a store that was made for express-session. */
export const sessions = SessionModule.forRootAsync({
  imports: [ConfigModule, MongoModule],
  inject: [AppConfig, MongoClient],
  useFactory: (config: AppConfig, client: MongoClient) => ({
    ...commonOptions(config),
    store: MongoStore.create({ client }),
  }),
});
