import { randomUUID } from 'node:crypto';
import { type DynamicModule, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { getConnectionToken, MongooseModule } from '@nestjs/mongoose';
import { MongoClient } from 'mongodb';
import type { Connection } from 'mongoose';
import { SessionModule } from 'nest-sessions';
import { MongoSessionStore } from 'nest-sessions/mongo';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LogRecorder } from '../support/session-app.js';
import { nestApp, type NestAppParts, type Script, SECRET, type TestNestApp } from '../support/nest-app.js';
import { HeldLogins } from '../support/held-logins.js';
import { hasServer } from '../support/servers/has-server.js';
import { type MongoServer, startMongo } from '../support/servers/mongo.server.js';
import { within } from '../support/within.js';

const scripts: Readonly<Record<string, Script>> = {
  login: ({ sessions }) => sessions.login('u1', { data: { user: 'ada' } }),
  who: ({ sessions }) => `${sessions.principal} ${sessions.get('user')}`,
  logout: ({ sessions }) => sessions.logout(),
};

describe.skipIf(!(await hasServer('mongo', 'providers of MongoDB')))('MongoSessionStore in Nest', () => {
  let server: MongoServer;
  let observer: MongoClient;
  let dbName: string;
  let held: HeldLogins;

  beforeAll(async () => {
    server = await startMongo();
    observer = new MongoClient(server.url);
  });

  afterAll(async () => {
    await observer?.close();
    await server?.stop();
  });

  beforeEach(() => {
    dbName = `app_${randomUUID().slice(0, 8)}`;
    held = new HeldLogins();
  });

  const stored = () => observer.db(dbName).collection('nest_sessions').find().toArray();

  /** An application that has its database from `@nestjs/mongoose`. */
  function withMongoose(): Promise<TestNestApp> {
    return run({
      imports: [MongooseModule.forRoot(server.url, { dbName, serverSelectionTimeoutMS: 3_000 })],
      sessionModule: SessionModule.forRootAsync({
        inject: [getConnectionToken()],
        useFactory: (connection: Connection) => ({
          secret: SECRET,
          store: new MongoSessionStore({ client: connection.getClient(), database: connection.name }),
          logger: new LogRecorder(),
        }),
      }),
    });
  }

  /** An application whose client is a provider that ends it. */
  function withClient(): Promise<TestNestApp> {
    @Module({
      providers: [{ provide: MongoClient, useFactory: () => new MongoClient(server.url).connect() }],
      exports: [MongoClient],
    })
    class MongoModule implements OnApplicationShutdown {
      constructor(@Inject(MongoClient) private readonly client: MongoClient) {}

      async onApplicationShutdown(): Promise<void> {
        await this.client.close();
      }
    }
    return run({
      sessionModule: SessionModule.forRootAsync({
        imports: [MongoModule],
        inject: [MongoClient],
        useFactory: (client: MongoClient) => ({
          secret: SECRET,
          store: new MongoSessionStore({ client, database: dbName }),
          logger: new LogRecorder(),
        }),
      }),
    });
  }

  function withUrl(): Promise<TestNestApp> {
    return run({
      sessionModule: SessionModule.forRoot({
        secret: SECRET,
        store: new MongoSessionStore({ url: server.url, database: dbName }),
        logger: new LogRecorder(),
      }),
    });
  }

  function run(parts: NestAppParts & { sessionModule: DynamicModule }): Promise<TestNestApp> {
    return nestApp({ scripts: { ...scripts, held: held.script }, ...parts });
  }

  describe.each([
    ['a Mongoose connection', withMongoose],
    ['a client of the application', withClient],
    ['a URL', withUrl],
  ])('with %s', (_what, start) => {
    it('P1 P9 logs in, is known and logs out, with one document a session', async () => {
      const { client } = await start();
      const browser = client();
      expect((await browser.read('/who')).text).toBe('undefined undefined');
      expect(await stored()).toEqual([]);
      expect((await browser.read('/login', { method: 'POST' })).status).toBe(200);
      expect((await browser.read('/who')).text).toBe('u1 ada');
      expect(await stored()).toMatchObject([{ principal: 'u1', fields: '{"user":"ada"}' }]);
      const indexes = await observer.db(dbName).collection('nest_sessions').indexes();
      expect(indexes.map(({ key }) => Object.keys(key)[0])).toEqual(['_id', 'purgeAt', 'principal']);

      const thief = client();
      browser.cookies.forEach((value, name) => thief.cookies.set(name, value));
      await browser.read('/logout', { method: 'POST' });
      expect((await thief.read('/who')).text).toBe('undefined undefined');
      expect(await stored()).toEqual([]);
    });

    it('keeps its sessions when the application starts again', async () => {
      const first = await start();
      const browser = first.client();
      expect((await browser.read('/login', { method: 'POST' })).status).toBe(200);
      await within(15_000, () => 'the application did not close', first.app.close());
      const second = (await start()).client();
      browser.cookies.forEach((value, name) => second.cookies.set(name, value));
      expect((await second.read('/who')).text).toBe('u1 ada');
    });

    it('P3 P12 shuts down with requests under way, and has stored what it answered', async () => {
      const loggedIn = await held.shutDown(await start(), 10);
      expect(loggedIn.length).toBeGreaterThan(0);
      expect((await stored()).map(({ principal }) => principal).sort()).toEqual(loggedIn);
    });
  });

  it('P12 answers 503 and shuts down when the connection was closed before it', async () => {
    const { app, client } = await withMongoose();
    const browser = client();
    expect((await browser.read('/login', { method: 'POST' })).status).toBe(200);
    await app.get<Connection>(getConnectionToken()).close();
    expect((await browser.read('/who')).status).toBe(503);
    await within(15_000, () => 'the application did not close', app.close());
    expect(await stored()).toHaveLength(1);
  });
});
