import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { passportPrincipal, SessionModule } from 'nest-sessions';
import { LmdbSessionStore } from 'nest-sessions/lmdb';
import { AccountModule } from './account/account.module.js';
import { browserName } from './account/browser-name.js';
import { ConfigModule } from './config/config.module.js';
import { AppConfig, ErrorPageFilter, LingeringConnections } from './login-sample.js';

@Module({
  imports: [
    SessionModule.forRootAsync({
      imports: [ConfigModule],
      inject: [AppConfig],
      useFactory: (config: AppConfig) => ({
        secret: config.secret,
        store: new LmdbSessionStore({ path: join(config.dataDir, 'sessions') }),
        // What Passport keeps in the session is who is logged in, for guards, lists and limits.
        auth: { loginUrl: '/', principal: passportPrincipal() },
        registry: { ip: true, label: browserName },
        maxSessions: 3,
      }),
    }),
    ConfigModule,
    AccountModule,
  ],
  providers: [{ provide: APP_FILTER, useClass: ErrorPageFilter }, LingeringConnections],
})
export class AppModule {}
