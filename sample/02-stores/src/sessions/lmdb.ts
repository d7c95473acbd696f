import { join } from 'node:path';
import { SessionModule } from 'nest-sessions';
import { LmdbSessionStore } from 'nest-sessions/lmdb';
import { ConfigModule } from '../config/config.module.js';
import { AppConfig } from '../login-sample.js';
import { commonOptions } from './common-options.js';

/** In files that all processes of this machine open; nothing has to be installed or run. */
export const sessions = SessionModule.forRootAsync({
  imports: [ConfigModule],
  inject: [AppConfig],
  useFactory: (config: AppConfig) => ({
    ...commonOptions(config),
    store: new LmdbSessionStore({ path: join(config.dataDir, 'sessions') }),
  }),
});
