import { randomBytes } from 'node:crypto';
import { Controller, Get, Inject, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SessionModule, type SessionOptions, SessionService } from 'nest-sessions';
import { within } from '../support/within.js';
import { LogRecorder } from '../support/session-app.js';
import { QUIET, running, SECRET } from '../support/nest-app.js';
import { CountingStore } from './counting.store.js';
import type { ConnectedStore } from './stores.js';
import '../support/session-data.js';

/** Short, so that an outage shows soon. */
export const OPERATION_TIMEOUT = 500;

/** No start and no end of an application takes longer, in milliseconds. */
const BOUND = 15_000;

@Controller()
class FaultController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  /** Has nothing to do with sessions. */
  @Get('plain')
  plain(): string {
    return 'plain';
  }

  @Get('look')
  look(): object {
    return { count: this.sessions.get('count') ?? 0 };
  }

  @Get('count')
  count(): object {
    const count = (this.sessions.get('count') ?? 0) + 1;
    this.sessions.set('count', count);
    return { count };
  }

  /** Takes some room in the store. */
  @Get('fill')
  fill(): object {
    this.sessions.set('odd', randomBytes(60_000).toString('base64'));
    return { count: 1 };
  }

  @Post('leave')
  async leave(): Promise<object> {
    await this.sessions.destroy();
    return { count: 0 };
  }
}

/** A running Nest application on a store that is tried. */
export interface FaultApp {
  readonly url: string;
  readonly log: LogRecorder;
  readonly store: CountingStore;
  close(): Promise<void>;
}

/** Starts the application, or rejects when it refuses to. */
export async function startFaultApp(
  { store, close }: ConnectedStore,
  options: Partial<SessionOptions> = {},
): Promise<FaultApp> {
  const log = new LogRecorder();
  const counting = new CountingStore(store);
  const sessions = SessionModule.forRoot({
    secret: SECRET,
    store: counting,
    logger: log,
    operationTimeout: OPERATION_TIMEOUT,
    ...options,
  });
  const root = { module: class Root {}, imports: [sessions], controllers: [FaultController] };
  const app = await NestFactory.create(root, QUIET);
  const end = async () => {
    await within(BOUND, () => 'the application has not closed', app.close());
    await within(BOUND, () => 'the client has not closed', close());
  };
  try {
    const url = await within(BOUND, () => 'the application neither starts nor refuses to', running(app));
    return { url, log, store: counting, close: end };
  } catch (error) {
    await end();
    throw error;
  }
}
