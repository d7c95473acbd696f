import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { SessionModule } from 'nest-sessions';
import { LmdbSessionStore } from 'nest-sessions/lmdb';
import { AccountModule } from './account/account.module.js';
import { AppConfig } from './config/app-config.js';
import { ConfigModule } from './config/config.module.js';
import { ErrorPageFilter } from './errors/error-page.filter.js';
import { LingeringConnections } from './shutdown/lingering-connections.js';

@Module({
  imports: [
    SessionModule.forRootAsync({
      imports: [ConfigModule],
      inject: [AppConfig],
      useFactory: (config: AppConfig) => ({
        secret: config.secret,
        store: new LmdbSessionStore({ path: join(config.dataDir, 'sessions') }),
        idleTimeout: '30m',
        absoluteTimeout: '12h',
        auth: { loginUrl: '/' },
      }),
    }),
    ConfigModule,
    AccountModule,
  ],
  providers: [{ provide: APP_FILTER, useClass: ErrorPageFilter }, LingeringConnections],
})
export class AppModule {}
