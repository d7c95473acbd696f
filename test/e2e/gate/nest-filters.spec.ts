import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  Inject,
  Injectable,
  NotFoundException,
  UseFilters,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import type { Response } from 'express';
import { SessionClosedError, SessionService, SessionUnavailableException } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { nestApp, type NestAppParts, type TestNestApp } from '../../support/nest-app.js';

/** Answers with its own name and the name of what it caught. */
function answerAs(name: string, error: unknown, host: ArgumentsHost): void {
  const kind = error instanceof Error ? error.constructor.name : typeof error;
  host.switchToHttp().getResponse<Response>().status(508).json({ by: name, kind });
}

@Catch()
class CatchAll implements ExceptionFilter {
  constructor(private readonly name = 'CatchAll') {}
  catch(error: unknown, host: ArgumentsHost): void {
    answerAs(this.name, error, host);
  }
}

@Catch(NotFoundException, SessionUnavailableException)
class CatchUnavailable implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    answerAs('CatchUnavailable', error, host);
  }
}

@Catch(NotFoundException)
class CatchNotFound implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    answerAs('CatchNotFound', error, host);
  }
}

/** An application whose store is down for whatever it would have to store. */
async function brokenApp(parts: NestAppParts): Promise<TestNestApp> {
  const app = await nestApp({
    ...parts,
    scripts: {
      change: ({ sessions }) => {
        sessions.set('odd', 1);
        return { stored: true };
      },
      ...parts.scripts,
    },
  });
  app.store.fail('create', 'replace');
  return app;
}

const withFilters = (...filters: ExceptionFilter[]): NestAppParts => ({
  setUp: (app) => app.useGlobalFilters(...filters),
});

async function answerOf(app: TestNestApp, path = '/change'): Promise<{ status: number; body: unknown }> {
  const response = await app.client().fetch(path);
  return { status: response.status, body: await response.json() };
}

describe('the application’s global filters answer for it:', () => {
  it('one given to useGlobalFilters()', async () => {
    expect(await answerOf(await brokenApp(withFilters(new CatchAll())))).toEqual({
      status: 508,
      body: { by: 'CatchAll', kind: 'SessionUnavailableException' },
    });
  });

  it('one provided as APP_FILTER, with what is injected into it', async () => {
    @Catch()
    class Injected implements ExceptionFilter {
      constructor(@Inject(SessionService) private readonly sessions: SessionService) {}
      catch(error: unknown, host: ArgumentsHost): void {
        const tried: unknown[] = [this.sessions.get('odd')];
        try {
          this.sessions.set('odd', 2);
        } catch (refused) {
          tried.push(refused instanceof SessionClosedError);
        }
        answerAs(`Injected ${String(tried)}`, error, host);
      }
    }
    const app = await brokenApp({ providers: [{ provide: APP_FILTER, useClass: Injected }] });
    expect((await answerOf(app)).body).toEqual({
      by: 'Injected 1,true',
      kind: 'SessionUnavailableException',
    });
  });

  it('the last one that catches the type, as in Nest', async () => {
    const by = async (...filters: ExceptionFilter[]) =>
      (await answerOf(await brokenApp(withFilters(...filters)))).body;
    expect(await by(new CatchAll(), new CatchUnavailable())).toMatchObject({ by: 'CatchUnavailable' });
    expect(await by(new CatchUnavailable(), new CatchAll())).toMatchObject({ by: 'CatchAll' });
    expect(await by(new CatchAll('one'), new CatchAll('two'))).toMatchObject({ by: 'two' });
    expect(await by(new CatchAll(), new CatchNotFound())).toMatchObject({ by: 'CatchAll' });
  });

  it('Nest’s own where none catches the type', async () => {
    expect(await answerOf(await brokenApp(withFilters(new CatchNotFound())))).toMatchObject({
      status: 503,
      body: { code: 'session_unavailable' },
    });
  });

  it('one that extends Nest’s own', async () => {
    @Injectable()
    @Catch(HttpException)
    class Marking extends BaseExceptionFilter {
      override catch(error: unknown, host: ArgumentsHost): void {
        host.switchToHttp().getResponse<Response>().set('X-Marked', '1');
        super.catch(error, host);
      }
    }
    const app = await brokenApp({
      setUp: (nest) => nest.useGlobalFilters(new Marking(nest.get(HttpAdapterHost).httpAdapter)),
    });
    const response = await app.client().fetch('/change');
    expect([response.status, response.headers.get('x-marked')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ code: 'session_unavailable' });
  });

  it('one that takes its time', async () => {
    @Catch()
    class Slow implements ExceptionFilter {
      async catch(error: unknown, host: ArgumentsHost): Promise<void> {
        await new Promise((resolve) => void setImmediate(resolve));
        answerAs('Slow', error, host);
      }
    }
    expect((await answerOf(await brokenApp(withFilters(new Slow())))).body).toMatchObject({ by: 'Slow' });
  });

  it.each([
    ['at once', () => new Error('broken')],
    ['later', () => Promise.reject(new Error('broken'))],
  ])('and when one fails %s, a bare 503 does', async (_when, fail) => {
    @Catch()
    class Broken implements ExceptionFilter {
      catch(): unknown {
        const failure = fail();
        if (failure instanceof Error) {
          throw failure;
        }
        return failure;
      }
    }
    const app = await brokenApp(withFilters(new Broken()));
    expect(await app.client().read('/change')).toEqual({ status: 503, text: 'Service Unavailable' });
    await app.log.says(/The error response failed/);
  });

  it('and filters of a route or a controller do not: their handler is over', async () => {
    @Controller('own')
    @UseFilters(new CatchAll('the controller'))
    class Own {
      constructor(@Inject(SessionService) private readonly sessions: SessionService) {}
      @Get()
      @UseFilters(new CatchAll('the route'))
      change(): string {
        this.sessions.set('odd', 1);
        return 'fine';
      }
    }
    const parts = { controllers: [Own] };
    expect(await answerOf(await brokenApp(parts), '/own')).toMatchObject({ status: 503 });
    const global = await brokenApp({ ...parts, ...withFilters(new CatchAll('global')) });
    expect((await answerOf(global, '/own')).body).toMatchObject({ by: 'global' });
  });
});

describe('an error of a handler', () => {
  it('is answered by the filters, and replaced and logged when the session cannot be stored', async () => {
    const caught: unknown[] = [];
    @Catch()
    class Noting extends CatchAll {
      override catch(error: unknown, host: ArgumentsHost): void {
        caught.push(error);
        super.catch(error, host);
      }
    }
    const app = await brokenApp({
      ...withFilters(new Noting()),
      scripts: {
        fail({ sessions }) {
          sessions.set('odd', 1);
          throw new NotFoundException();
        },
      },
    });
    expect((await answerOf(app, '/fail')).body).toMatchObject({ kind: 'SessionUnavailableException' });
    expect(caught).toEqual([expect.any(NotFoundException), expect.any(SessionUnavailableException)]);
    await app.log.says(/A response with status 508 was replaced/);
    app.store.heal();
    expect((await answerOf(app, '/fail')).body).toMatchObject({ kind: 'NotFoundException' });
    expect(app.store.stored).toEqual([{ odd: 1 }]);
  });

  it('that is thrown after the response was sent leaves the response alone', async () => {
    const app = await nestApp({
      scripts: {
        late({ sessions, res }) {
          sessions.set('odd', 1);
          res.send('sent');
          throw new Error('too late');
        },
      },
    });
    const hold = app.store.holdNext('create');
    const answer = app.client().read('/late');
    await hold.reached;
    hold.release();
    expect(await answer).toEqual({ status: 200, text: 'sent' });
    expect(app.store.stored).toEqual([{ odd: 1 }]);
  });
});
