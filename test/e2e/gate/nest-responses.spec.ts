import { Controller, Get, Inject, Redirect, Sse, StreamableFile } from '@nestjs/common';
import compression from 'compression';
import { SessionService } from 'nest-sessions';
import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { nestApp } from '../../support/nest-app.js';
import { LONG, sourceOf } from '../../support/ways-to-respond.js';

@Controller('ways')
class Ways {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Get('value')
  value(): object {
    this.sessions.set('odd', 1);
    return { LONG };
  }

  @Get('redirect')
  @Redirect('/next')
  redirect(): void {
    this.sessions.set('odd', 1);
  }

  @Get('file')
  file(): StreamableFile {
    this.sessions.set('odd', 1);
    return new StreamableFile(sourceOf(1_000_000, 10_000), { type: 'text/plain' });
  }

  @Sse('events')
  events(): ReturnType<typeof from<{ data: string }[]>> {
    this.sessions.set('odd', 1);
    return from([{ data: 'one' }, { data: 'two' }]);
  }
}

describe('P4 under Nest, a session that cannot be stored', () => {
  it.each(['value', 'redirect', 'file', 'events'])(
    'makes a JSON 503 with a code of what a handler answers: %s',
    async (way) => {
      for (const layer of [undefined, compression()]) {
        const app = await nestApp({
          controllers: [Ways],
          setUp: (nest) => void (layer && nest.use(layer)),
        });
        app.store.fail('create');
        const response = await app.client().fetch(`/ways/${way}`, { headers: { accept: '*/*' } });
        expect(response.status).toBe(503);
        expect(response.headers.get('content-type')).toMatch(/^application\/json/);
        expect(response.headers.get('location')).toBeNull();
        expect(await response.json()).toEqual({
          statusCode: 503,
          code: 'session_unavailable',
          message: 'The session is not available at the moment.',
        });
        app.store.heal();
        expect((await app.client().read(`/ways/${way}`)).status).toBe(way === 'redirect' ? 302 : 200);
        expect(app.store.stored).toEqual([{ odd: 1 }]);
      }
    },
  );

  it('makes a JSON 500 with a code when it is the fault of what was put in it', async () => {
    const app = await nestApp({ scripts: { change: ({ sessions }) => sessions.set('odd', 1n) } });
    const response = await app.client().fetch('/change');
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      statusCode: 500,
      code: 'session_not_serializable',
      message: 'The session could not be used.',
    });
  });

  it('keeps the cookie of a login that is durable', async () => {
    const app = await nestApp({
      scripts: {
        async login({ sessions }) {
          await sessions.login('ada');
          sessions.set('odd', 1n);
        },
        who: ({ sessions }) => ({ who: sessions.principal }),
      },
    });
    const client = app.client();
    expect((await client.read('/login')).status).toBe(500);
    expect(await client.read('/who')).toEqual({ status: 200, text: '{"who":"ada"}' });
  });
});
