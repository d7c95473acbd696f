import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import {
  All,
  Controller,
  type DynamicModule,
  Inject,
  type INestApplication,
  type ModuleMetadata,
  type NestApplicationOptions,
  Param,
  Req,
  Res,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import { SessionModule, type SessionOptions, SessionService } from 'nest-sessions';
import { onTestFinished } from 'vitest';
import { ControlledStore } from './controlled.store.js';
import { CookieClient } from './http-server.js';
import { LogRecorder } from './session-app.js';
import './session-data.js';

export const SECRET = '0123456789abcdef0123456789abcdef';

/** What a script gets. */
export interface ScriptContext {
  readonly sessions: SessionService;
  readonly req: Request;
  readonly res: Response;
}

/** A handler that runs inside a Nest controller, at `/<its name>`. */
export type Script = (context: ScriptContext) => unknown;

/** What an application is made of, beside the session module. */
export interface NestAppParts extends Pick<ModuleMetadata, 'controllers' | 'providers' | 'imports'> {
  /** Options of `SessionModule.forRoot()`, beside secret, store and logger. */
  readonly options?: Partial<SessionOptions>;
  /** Imported instead of `SessionModule.forRoot()`. */
  readonly sessionModule?: DynamicModule;
  readonly scripts?: Readonly<Record<string, Script>>;
  /** What `main.ts` would do before it listens. */
  readonly setUp?: (app: NestExpressApplication) => void;
}

/** A running application, for one test; it is closed when that is over. */
export interface TestNestApp {
  readonly app: INestApplication;
  readonly url: string;
  readonly store: ControlledStore;
  readonly log: LogRecorder;
  /** A client without a session. */
  client(): CookieClient;
}

/** Builds an application from the parts and runs it on a free port. */
export async function nestApp(parts: NestAppParts = {}): Promise<TestNestApp> {
  const store = new ControlledStore();
  const log = new LogRecorder();
  const {
    options,
    sessionModule = SessionModule.forRoot({ secret: SECRET, store, logger: log, ...options }),
  } = parts;
  const { controllers = [], providers = [], imports = [], scripts, setUp } = parts;
  const root = {
    module: class Root {},
    imports: [sessionModule, ...imports],
    controllers: scripts === undefined ? controllers : [...controllers, scriptController(scripts)],
    providers,
  };
  const app = await NestFactory.create<NestExpressApplication>(root, QUIET);
  setUp?.(app);
  await running(app);
  onTestFinished(async () => {
    store.heal();
    await app.close();
  });
  const url = urlOf(app);
  return { app, url, store, log, client: () => new CookieClient(url) };
}

/** Errors are thrown, not printed with the process ended. */
export const QUIET: NestApplicationOptions = { logger: false, abortOnError: false };

/** Lets an application listen on a free port. */
export async function running(app: INestApplication): Promise<string> {
  await app.listen(0, '127.0.0.1');
  return urlOf(app);
}

function urlOf(app: INestApplication): string {
  const { port } = app.getHttpServer().address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

function scriptController(scripts: Readonly<Record<string, Script>>): Type {
  @Controller()
  class ScriptController {
    constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

    @All(':name')
    run(
      @Param('name') name: string,
      @Req() req: Request,
      @Res({ passthrough: true }) res: Response,
    ): unknown {
      const script = scripts[name];
      if (script === undefined) {
        throw new Error(`There is no script ${name}.`);
      }
      return script({ sessions: this.sessions, req, res });
    }
  }
  return ScriptController;
}
