import { SessionModule } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { ConfigModule } from '../config/config.module.js';
import { AppConfig } from '../login-sample.js';
import { commonOptions } from './common-options.js';

/** In the cookie itself, encrypted with the secret: processes that have the same one need nothing else in common. */
export const sessions = SessionModule.forRootAsync({
  imports: [ConfigModule],
  inject: [AppConfig],
  useFactory: (config: AppConfig) => ({ ...commonOptions(config), store: new SealedCookieStore() }),
});
