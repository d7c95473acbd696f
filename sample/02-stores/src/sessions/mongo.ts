import { MongoClient } from 'mongodb';
import { SessionModule } from 'nest-sessions';
import { MongoSessionStore } from 'nest-sessions/mongo';
import { MongoModule } from '../clients/mongo.module.js';
import { ConfigModule } from '../config/config.module.js';
import { AppConfig } from '../login-sample.js';
import { commonOptions } from './common-options.js';

export const sessions = SessionModule.forRootAsync({
  imports: [ConfigModule, MongoModule],
  inject: [AppConfig, MongoClient],
  useFactory: (config: AppConfig, client: MongoClient) => ({
    ...commonOptions(config),
    store: new MongoSessionStore({ client }),
  }),
});
