import { randomUUID } from 'node:crypto';
import { type DynamicModule, Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SessionModule } from 'nest-sessions';
import { PostgresSessionStore } from 'nest-sessions/postgres';
import { Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { nestApp, type Script, SECRET, type TestNestApp } from '../support/nest-app.js';
import { HeldLogins } from '../support/held-logins.js';
import { createPool, dropTables, tableName } from '../support/postgres-subject.js';
import { hasServer } from '../support/servers/has-server.js';
import { type PostgresServer, startPostgres } from '../support/servers/postgres.server.js';
import { LogRecorder } from '../support/session-app.js';
import { within } from '../support/within.js';

const scripts: Readonly<Record<string, Script>> = {
  login: ({ sessions }) => sessions.login('u1', { data: { user: 'ada' } }),
  who: ({ sessions }) => `${sessions.principal} ${sessions.get('user')}`,
  logout: ({ sessions }) => sessions.logout(),
};

describe.skipIf(!(await hasServer('postgres', 'providers of PostgreSQL')))(
  'PostgresSessionStore in Nest',
  () => {
    let server: PostgresServer;
    let observer: Pool;
    /** What the application is called by the server. */
    let application: string;
    let table: string;
    let log: LogRecorder;

    beforeAll(async () => {
      server = await startPostgres();
      observer = createPool(server.url);
    });

    afterAll(async () => {
      await observer?.end();
      await server?.stop();
    });

    beforeEach(() => {
      application = `app-${randomUUID()}`;
      table = tableName();
      log = new LogRecorder();
    });

    const stored = async () => (await observer.query(`SELECT principal, fields FROM "${table}"`)).rows;

    const connections = async () => {
      const asked = 'SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = $1';
      return (await observer.query(asked, [application])).rows[0].count;
    };

    /** The application's own pool, which its provider ends. */
    function poolModule(): DynamicModule {
      @Injectable()
      class EndOfPool implements OnApplicationShutdown {
        constructor(@Inject(Pool) private readonly pool: Pool) {}

        onApplicationShutdown(): Promise<void> {
          return this.pool.end();
        }
      }
      return {
        module: class PostgresModule {},
        global: true,
        providers: [
          { provide: Pool, useFactory: () => createPool(server.url, { application_name: application }) },
          EndOfPool,
        ],
        exports: [Pool],
      };
    }

    const ways: Readonly<Record<string, () => { database: DynamicModule; sessions: DynamicModule }>> = {
      'a pool of pg': () => ({
        database: poolModule(),
        sessions: SessionModule.forRootAsync({
          inject: [Pool],
          useFactory: (pool: Pool) => ({
            secret: SECRET,
            store: new PostgresSessionStore({ pool, table, createTable: true }),
            logger: log,
          }),
        }),
      }),
      '@nestjs/typeorm': () => ({
        database: TypeOrmModule.forRoot({ type: 'postgres', url: server.url, applicationName: application }),
        sessions: SessionModule.forRootAsync({
          inject: [DataSource],
          useFactory: (dataSource: DataSource) => {
            const { master } = dataSource.driver as PostgresDriver;
            return {
              secret: SECRET,
              store: new PostgresSessionStore({ pool: master, table, createTable: true }),
              logger: log,
            };
          },
        }),
      }),
    };

    /** Logs in, is known, logs out, and is not known any more. */
    async function visit({ client }: TestNestApp): Promise<void> {
      const visitor = client();
      expect((await visitor.read('/login', { method: 'POST' })).status).toBe(200);
      expect((await visitor.read('/who')).text).toBe('u1 ada');
      expect(await stored()).toEqual([{ principal: 'u1', fields: { user: 'ada' } }]);
      const stolen = client();
      visitor.cookies.forEach((value, name) => stolen.cookies.set(name, value));
      expect((await visitor.read('/logout', { method: 'POST' })).status).toBe(200);
      expect((await visitor.read('/who')).text).toBe('undefined undefined');
      expect((await stolen.read('/who')).text).toBe('undefined undefined');
      expect(await stored()).toEqual([]);
    }

    for (const [way, parts] of Object.entries(ways)) {
      describe(`on ${way}`, () => {
        it.each(['before', 'after'])('logs in and out, and shuts down when imported %s it', async (order) => {
          const { database, sessions } = parts();
          const app = await nestApp(
            order === 'before'
              ? { sessionModule: sessions, imports: [database], scripts }
              : { sessionModule: database, imports: [sessions], scripts },
          );
          await visit(app);
          expect(await connections()).toBeGreaterThan(0);
          await within(10_000, () => 'the application does not shut down', app.app.close());
          await vi.waitFor(async () => expect(await connections()).toBe(0), { timeout: 10_000 });
          expect([log.warnings, log.errors]).toEqual([[], []]);
          await dropTables(server.url, [table]);
        });
      });
    }

    it('finds the table that a migration of TypeORM has made', async () => {
      const dataSource = new DataSource({ type: 'postgres', url: server.url });
      await dataSource.initialize();
      const queryRunner = dataSource.createQueryRunner();
      await queryRunner.startTransaction();
      await queryRunner.query(PostgresSessionStore.createTableSql({ table }));
      await queryRunner.commitTransaction();
      await queryRunner.release();
      const { master } = dataSource.driver as PostgresDriver;
      const store = new PostgresSessionStore({ pool: master, table });
      await expect(store.open()).resolves.toBeUndefined();
      await store.close();
      await dataSource.destroy();
      await dropTables(server.url, [table]);
    });

    it('logs in and out on a url, and ends its connections with the application', async () => {
      const url = new URL(server.url);
      url.searchParams.set('application_name', application);
      const app = await nestApp({
        sessionModule: SessionModule.forRoot({
          secret: SECRET,
          store: new PostgresSessionStore({ url: url.href, table, createTable: true }),
          logger: log,
        }),
        scripts,
      });
      await visit(app);
      expect(await connections()).toBeGreaterThan(0);
      await within(10_000, () => 'the application does not shut down', app.app.close());
      await vi.waitFor(async () => expect(await connections()).toBe(0), { timeout: 10_000 });
      await dropTables(server.url, [table]);
    });

    it('P12 answers 503 and shuts down when the pool was ended before it', async () => {
      const { database, sessions } = ways['a pool of pg']!();
      const app = await nestApp({ sessionModule: sessions, imports: [database], scripts });
      const visitor = app.client();
      expect((await visitor.read('/login', { method: 'POST' })).status).toBe(200);
      const pool = app.app.get(Pool);
      await pool.end();
      vi.spyOn(pool, 'end').mockResolvedValue(undefined as never);
      expect((await visitor.read('/who')).status).toBe(503);
      await within(10_000, () => 'the application does not shut down', app.app.close());
      expect(await stored()).toHaveLength(1);
      await dropTables(server.url, [table]);
    });

    it('P3 P12 shuts down with requests under way, and has stored what it answered', async () => {
      const { database, sessions } = ways['a pool of pg']!();
      const held = new HeldLogins();
      const app = await nestApp({
        sessionModule: sessions,
        imports: [database],
        scripts: { held: held.script },
      });
      const loggedIn = await held.shutDown(app, 10);
      expect(loggedIn.length).toBeGreaterThan(0);
      expect((await stored()).map(({ principal }) => principal).sort()).toEqual(loggedIn);
      await dropTables(server.url, [table]);
    });

    it('P11 does not start on a table that is not its own', async () => {
      const { database, sessions } = ways['a pool of pg']!();
      await observer.query(`CREATE TABLE "${table}" (sid text PRIMARY KEY)`);
      await expect(nestApp({ sessionModule: sessions, imports: [database], scripts })).rejects.toThrow(
        /is not its own/,
      );
      await dropTables(server.url, [table]);
    });
  },
);
