import cluster from 'node:cluster';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { Request, Response } from 'express';
import {
  applySession,
  createSessionMiddleware,
  MemorySessionStore,
  SessionModule,
  type SessionOptions,
  type SessionOptionsFactory,
  SessionOptionsError,
  SessionService,
  SessionStore,
} from 'nest-sessions';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ControlledStore } from '../support/controlled.store.js';
import { COUNTED, CountController, visitTwice } from '../support/count.controller.js';
import { nestApp, QUIET, running, SECRET } from '../support/nest-app.js';
import { LogRecorder } from '../support/session-app.js';

describe('SessionModule.forRoot()', () => {
  it('gives every module of the application its sessions', async () => {
    @Module({ controllers: [CountController] })
    class Feature {}
    const { url } = await nestApp({ imports: [Feature] });
    expect(await visitTwice(url)).toEqual(COUNTED);
  });

  it('with isGlobal: false gives them to modules that import it', async () => {
    const sessionModule = SessionModule.forRoot({ secret: SECRET, isGlobal: false });
    @Module({ imports: [sessionModule], controllers: [CountController] })
    class Feature {}
    const { url } = await nestApp({ sessionModule, imports: [Feature] });
    expect(await visitTwice(url)).toEqual(COUNTED);
  });

  it('with isGlobal: false gives them to nobody else', async () => {
    @Module({ controllers: [CountController] })
    class Feature {}
    const sessionModule = SessionModule.forRoot({ secret: SECRET, isGlobal: false });
    await expect(nestApp({ sessionModule, imports: [Feature] })).rejects.toThrow(/SessionService/);
  });
});

describe('the memory store', () => {
  it.each([true, false])('is warned about in a worker of many (worker: %s)', async (isWorker) => {
    const before = cluster.isWorker;
    // What Node sets in a process that node:cluster has forked.
    Object.assign(cluster, { isWorker });
    try {
      const log = new LogRecorder();
      createSessionMiddleware({ secret: SECRET, store: new MemorySessionStore(), logger: log });
      createSessionMiddleware({ secret: SECRET, store: new ControlledStore(), logger: log });
      expect(log.warnings.map(({ message }) => message)).toEqual(
        isWorker ? [expect.stringContaining('no other process knows them')] : [],
      );
    } finally {
      Object.assign(cluster, { isWorker: before });
    }
  });
});

describe('SessionModule.forRootAsync()', () => {
  @Injectable()
  class Config {
    readonly secret = SECRET;
    readonly store = new ControlledStore();
  }

  @Module({ providers: [Config], exports: [Config] })
  class ConfigModule {}

  @Injectable()
  class Factory implements SessionOptionsFactory {
    async createSessionOptions(): Promise<SessionOptions> {
      return { secret: SECRET };
    }
  }

  it('takes a factory with inject and imports', async () => {
    const { app, url } = await nestApp({
      controllers: [CountController],
      sessionModule: SessionModule.forRootAsync({
        imports: [ConfigModule],
        inject: [Config],
        useFactory: async ({ secret, store }: Config) => ({ secret, store }),
      }),
    });
    expect(await visitTwice(url)).toEqual(COUNTED);
    expect(app.get(Config).store.count('create')).toBe(1);
  });

  it('takes a class', async () => {
    const sessionModule = SessionModule.forRootAsync({ useClass: Factory });
    expect(await visitTwice((await nestApp({ sessionModule, controllers: [CountController] })).url)).toEqual(
      COUNTED,
    );
  });

  it('takes a provider that exists', async () => {
    @Module({ providers: [Factory], exports: [Factory] })
    class FactoryModule {}
    const sessionModule = SessionModule.forRootAsync({ imports: [FactoryModule], useExisting: Factory });
    expect(await visitTwice((await nestApp({ sessionModule, controllers: [CountController] })).url)).toEqual(
      COUNTED,
    );
  });

  it('P11 refuses at boot what the factory gives, as forRoot() does', async () => {
    const sessionModule = SessionModule.forRootAsync({ useFactory: () => ({ secret: 'weak' }) });
    await expect(nestApp({ sessionModule })).rejects.toThrow(SessionOptionsError);
    const none = SessionModule.forRootAsync({ useFactory: () => undefined as unknown as SessionOptions });
    await expect(nestApp({ sessionModule: none })).rejects.toThrow(/undefined is no object/);
  });
});

describe('@nestjs/testing', () => {
  it('builds an application whose store is overridden', async () => {
    const store = new ControlledStore();
    const testing = await Test.createTestingModule({
      imports: [SessionModule.forRoot({ secret: SECRET })],
      controllers: [CountController],
    })
      .overrideProvider(SessionStore)
      .useValue(store)
      .compile();
    const app = testing.createNestApplication();
    onTestFinished(() => app.close());
    expect(await visitTwice(await running(app))).toEqual(COUNTED);
    expect(store.calls).toEqual(['create', 'read', 'replace']);
  });

  it('mounts before what a test adds with app.use()', async () => {
    const testing = await Test.createTestingModule({
      imports: [SessionModule.forRoot({ secret: SECRET })],
    }).compile();
    const app = testing.createNestApplication();
    onTestFinished(() => app.close());
    app.use((req: Request, res: Response) => res.end(`${req.session !== undefined}`));
    expect(await (await fetch(await running(app))).text()).toBe('true');
  });

  it('P11 refuses an override that is no store', async () => {
    const testing = Test.createTestingModule({ imports: [SessionModule.forRoot({ secret: SECRET })] })
      .overrideProvider(SessionStore)
      .useValue({ get() {}, set() {} });
    await expect(testing.compile()).rejects.toThrow(/no session store/);
  });
});

describe('an application without HTTP', () => {
  it('starts, gives out the store and says where sessions are to be had', async () => {
    const app = await NestFactory.createApplicationContext(SessionModule.forRoot({ secret: SECRET }), QUIET);
    onTestFinished(() => app.close());
    expect(app.get(SessionStore)).toBeInstanceOf(MemorySessionStore);
    expect(() => app.get(SessionService).principal).toThrow(/no session/);
    expect(() => applySession(app)).not.toThrow();
  });
});
