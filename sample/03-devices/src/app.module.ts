import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { SessionModule } from 'nest-sessions';
import { LmdbSessionStore } from 'nest-sessions/lmdb';
import { AccountModule } from './account/account.module.js';
import { LoginAgainFilter } from './account/login-again.filter.js';
import { ApiKeyModule } from './api-key/api-key.module.js';
import { ConfigModule } from './config/config.module.js';
import { DevicesModule } from './devices/devices.module.js';
import { MAX_DEVICES } from './devices/max-devices.js';
import { AppConfig, ErrorPageFilter, LingeringConnections } from './login-sample.js';
import { EndedSessionsLog } from './terminal/ended-sessions.log.js';

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
        // In place of these two, for who is kept logged in.
        remember: { idleTimeout: '30d', absoluteTimeout: '90d' },
        renewAfter: '15m',
        // 'Last seen' on the page is at most this old.
        touchAfter: '1m',
        registry: { userAgent: true },
        maxSessions: MAX_DEVICES,
        onLimit: 'evict-oldest',
        auth: { loginUrl: '/login', confirmUrl: '/confirm' },
      }),
    }),
    ConfigModule,
    AccountModule,
    DevicesModule,
    ApiKeyModule,
  ],
  providers: [
    // The last one that catches an exception is asked.
    { provide: APP_FILTER, useClass: ErrorPageFilter },
    { provide: APP_FILTER, useClass: LoginAgainFilter },
    LingeringConnections,
    EndedSessionsLog,
  ],
})
export class AppModule {}
