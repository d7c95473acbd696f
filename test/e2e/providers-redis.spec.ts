import 'reflect-metadata';
import {
  Body,
  Controller,
  Get,
  Inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  Post,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Redis } from 'ioredis';
import { AuthGuard, Principal, Session, SessionModule, SessionService } from 'nest-sessions';
import { type RedisClient, RedisSessionStore } from 'nest-sessions/redis';
import { createClient } from 'redis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Deferred, deferred } from '../support/deferred.js';
import { CookieClient } from '../support/http-server.js';
import { QUIET, running, SECRET } from '../support/nest-app.js';
import { hasServer } from '../support/servers/has-server.js';
import { type RedisServer, startRedis } from '../support/servers/redis.server.js';
import { LogRecorder } from '../support/session-app.js';
import '../support/session-data.js';
import { within } from '../support/within.js';

const LIMIT_MS = 10_000;
const REDIS = Symbol('REDIS');
const MIDWAY = Symbol('MIDWAY');

interface Midway {
  readonly reached: Deferred<void>;
  readonly go: Deferred<void>;
}

@Controller()
class AccountController {
  constructor(
    private readonly sessions: SessionService,
    @Inject(MIDWAY) private readonly midway: Midway,
  ) {}

  @Post('login')
  async login(@Body() { name }: { name: string }) {
    await this.sessions.login(name, { data: { name } });
  }

  @Get('me')
  @UseGuards(AuthGuard)
  me(@Principal() principal: string, @Session('theme') theme: string) {
    return `${principal} ${theme}`;
  }

  /** Changes the session when the test says so. */
  @Post('theme')
  async theme() {
    this.midway.reached.resolve();
    await this.midway.go.promise;
    this.sessions.set('theme', 'dark');
  }

  @Post('logout')
  logout() {
    return this.sessions.logout();
  }
}

describe.skipIf(!(await hasServer('redis', 'RedisSessionStore in a Nest application', { own: true })))(
  'a Nest application with a Redis provider of its own',
  () => {
    let server: RedisServer;
    let midway: Midway;

    beforeAll(async () => {
      server = await startRedis({ own: true });
    });

    beforeEach(() => {
      midway = { reached: deferred('the handler to be reached'), go: deferred('the test to let it go') };
    });

    afterAll(() => server?.stop());

    /** An application whose session store gets its client from a module of the application. */
    async function startApp(
      redisModule: Type,
    ): Promise<{ app: NestExpressApplication; url: string; log: LogRecorder }> {
      const log = new LogRecorder();
      @Module({
        imports: [
          SessionModule.forRootAsync({
            imports: [redisModule],
            inject: [REDIS],
            useFactory: (client: RedisClient) => ({
              secret: SECRET,
              store: new RedisSessionStore({ client }),
              logger: log,
              requireStoreAtBoot: true,
            }),
          }),
        ],
        controllers: [AccountController],
        providers: [{ provide: MIDWAY, useValue: midway }],
      })
      class AppModule {}
      const app = await NestFactory.create<NestExpressApplication>(AppModule, QUIET);
      onTestFinished(() => app.close());
      return { app, url: await running(app), log };
    }

    @Module({
      providers: [{ provide: REDIS, useFactory: () => new Redis(server.url) }],
      exports: [REDIS],
    })
    class IoredisModule implements OnApplicationShutdown {
      constructor(@Inject(REDIS) private readonly client: Redis) {}

      async onApplicationShutdown() {
        await this.client.quit();
      }
    }

    @Module({
      providers: [{ provide: REDIS, useFactory: () => new Redis(server.url) }],
      exports: [REDIS],
    })
    class EarlyModule implements OnModuleDestroy {
      constructor(@Inject(REDIS) private readonly client: Redis) {}

      async onModuleDestroy() {
        await this.client.quit();
      }
    }

    @Module({
      providers: [
        {
          provide: REDIS,
          useFactory: () =>
            createClient({ url: server.url })
              .on('error', () => undefined)
              .connect(),
        },
      ],
      exports: [REDIS],
    })
    class NodeRedisModule implements OnApplicationShutdown {
      constructor(@Inject(REDIS) private readonly client: ReturnType<typeof createClient>) {}

      async onApplicationShutdown() {
        await this.client.close();
      }
    }

    async function loggedIn(url: string): Promise<CookieClient> {
      const client = new CookieClient(url);
      const headers = { 'content-type': 'application/json' };
      const { status } = await client.read('/login', { method: 'POST', headers, body: '{"name":"ada"}' });
      expect(status).toBe(201);
      return client;
    }

    const MODULES: [string, Type][] = [
      ['ioredis', IoredisModule],
      ['ioredis, closed in onModuleDestroy', EarlyModule],
      ['node-redis', NodeRedisModule],
    ];

    it.each(MODULES)('logs in, is known in another process, and logs out: %s', async (_, redisModule) => {
      midway.go.resolve();
      const [one, other] = [await startApp(redisModule), await startApp(redisModule)];
      const client = await loggedIn(one.url);
      expect((await client.read('/theme', { method: 'POST' })).status).toBe(201);
      const elsewhere = new CookieClient(other.url);
      client.cookies.forEach((value, name) => elsewhere.cookies.set(name, value));
      expect(await elsewhere.read('/me')).toEqual({ status: 200, text: 'ada dark' });
      expect((await elsewhere.read('/logout', { method: 'POST' })).status).toBe(201);
      expect((await client.read('/me')).status).toBe(401);
      expect([...one.log.errors, ...other.log.errors]).toEqual([]);
    });

    it.each(MODULES)('shuts down without an error: %s', async (_, redisModule) => {
      const { app, url, log } = await startApp(redisModule);
      await loggedIn(url);
      await within(LIMIT_MS, () => 'it did not close', app.close());
      expect(log.errors).toEqual([]);
      const admin = new Redis(server.url);
      onTestFinished(() => admin.disconnect());
      const connections = async () =>
        String(await admin.client('LIST'))
          .trim()
          .split('\n');
      // The server may hear of the end a little later.
      await vi.waitFor(async () => expect(await connections()).toHaveLength(1), { timeout: LIMIT_MS });
    });

    it.each(MODULES.filter(([, one]) => one !== EarlyModule))(
      'P3 stores what a request changes that is under way at the shutdown: %s',
      async (_, redisModule) => {
        const { app, url, log } = await startApp(redisModule);
        const client = await loggedIn(url);
        const changing = client.read('/theme', { method: 'POST' });
        await midway.reached.promise;
        const closing = app.close();
        midway.go.resolve();
        expect((await changing).status).toBe(201);
        app.getHttpServer().closeIdleConnections();
        await within(LIMIT_MS, () => 'it did not close', closing);
        expect(log.errors).toEqual([]);

        const again = await startApp(redisModule);
        const later = new CookieClient(again.url);
        client.cookies.forEach((value, name) => later.cookies.set(name, value));
        expect(await later.read('/me')).toEqual({ status: 200, text: 'ada dark' });
      },
    );
  },
);
