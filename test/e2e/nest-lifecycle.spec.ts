import { Controller, Get, Inject, Post, Req } from '@nestjs/common';
import type { Request } from 'express';
import { SessionService, SessionStore } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { count, CountController } from '../support/count.controller.js';
import { nestApp } from '../support/nest-app.js';
import { settled } from '../support/settled.js';
import { within } from '../support/within.js';

describe('two applications in one process', () => {
  @Controller()
  class CallingController {
    constructor(
      private readonly sessions: SessionService,
      @Inject('OTHER') private readonly other: { url: string; sessions?: SessionService },
    ) {}

    @Get('count')
    count(): number {
      return (this.sessions.fields.count = (this.sessions.get('count') ?? 0) + 1);
    }

    /** Inside the first application's context the second one's service has no session. */
    @Post('ask-other')
    ask(@Req() req: Request): string {
      this.sessions.set('user', 'of the first');
      try {
        return `${this.other.sessions?.get('user')} ${req.session.user}`;
      } catch (error) {
        return String(error);
      }
    }
  }

  async function pair() {
    const other: { url: string; sessions?: SessionService } = { url: '' };
    const providers = [{ provide: 'OTHER', useValue: other }];
    const first = await nestApp({ controllers: [CallingController], providers });
    const second = await nestApp({
      controllers: [CallingController],
      providers,
      options: { secret: 'fedcba9876543210fedcba9876543210' },
    });
    other.url = second.url;
    other.sessions = second.app.get(SessionService);
    return { first, second };
  }

  it('take no cookie of each other', async () => {
    const { first, second } = await pair();
    const client = first.client();
    expect([await count(client), await count(client)]).toEqual(['1', '2']);
    const stranger = second.client();
    client.cookies.forEach((value, name) => stranger.cookies.set(name, value));
    expect(await count(stranger)).toBe('1');
    expect(second.store.count('read')).toBe(0);
  });

  it('have stores of their own', async () => {
    const { first, second } = await pair();
    await count(first.client());
    expect([first.store.records.length, second.store.records.length]).toEqual([1, 0]);
    expect(first.app.get(SessionStore)).not.toBe(second.app.get(SessionStore));
  });

  it('have service contexts of their own', async () => {
    const { first } = await pair();
    expect((await first.client().read('/ask-other', { method: 'POST' })).text).toMatch(/no session/);
  });
});

describe('shutdown', () => {
  /** Says what has happened, in order. */
  function recorder() {
    const events: string[] = [];
    return { events, note: (event: string) => () => void events.push(event) };
  }

  it('P3 lets the response that waits for its commit out, and closes the store then', async () => {
    const { app, store, client } = await nestApp({ controllers: [CountController] });
    const known = client();
    await count(known);
    const replace = store.holdNext('replace');
    const answer = known.read('/count');
    await replace.reached;
    const closed = app.close();
    await settled();
    expect(store.count('close')).toBe(0);
    replace.release();
    expect(await answer).toEqual({ status: 200, text: 'count 2' });
    app.getHttpServer().closeIdleConnections();
    await closed;
    expect(store.calls.slice(-2)).toEqual(['replace', 'close']);
  });

  it('waits for the commit of a client that hung up', async () => {
    const { app, store, client } = await nestApp({
      controllers: [CountController],
      scripts: {
        stream({ sessions, res }) {
          res.write('begun');
          sessions.set('count', 9);
          return new Promise(() => undefined);
        },
      },
    });
    const known = client();
    await count(known);
    const replace = store.holdNext('replace');
    const hangUp = new AbortController();
    const { body } = await known.fetch('/stream', { signal: hangUp.signal });
    await body?.getReader().read();
    hangUp.abort();
    await replace.reached;
    const { events, note } = recorder();
    const closed = app.close().then(note('closed'));
    app.getHttpServer().closeAllConnections();
    await settled();
    expect([store.count('close'), events]).toEqual([0, []]);
    replace.release();
    await closed;
    expect(store.calls.slice(-2)).toEqual(['replace', 'close']);
    expect(store.stored).toEqual([{ count: 9 }]);
  });

  it('waits for a touch in flight', async () => {
    const { app, store, client } = await nestApp({
      controllers: [CountController],
      options: { touchAfter: 0 },
      scripts: { look: () => 'looked' },
    });
    const known = client();
    await count(known);
    const touch = store.holdNext('touch');
    expect((await known.read('/look')).text).toBe('looked');
    await touch.reached;
    const { events, note } = recorder();
    const closed = app.close().then(note('closed'));
    await settled();
    expect([store.count('close'), events]).toEqual([0, []]);
    touch.release();
    await closed;
    expect(store.count('close')).toBe(1);
  });

  it('P12 waits no longer than operationTimeout', async () => {
    const { app, store, client } = await nestApp({
      controllers: [CountController],
      options: { touchAfter: 0, operationTimeout: 50 },
      scripts: { look: () => 'looked' },
    });
    const known = client();
    await count(known);
    store.hang('touch');
    store.hang('close');
    await known.read('/look');
    await within(5_000, () => 'the application did not close', app.close());
    expect(store.count('close')).toBe(1);
  });

  it('closes the store once, however often the application is closed', async () => {
    const { app, store } = await nestApp();
    await Promise.all([app.close(), app.close()]);
    await app.close();
    expect(store.count('close')).toBe(1);
  });

  it('goes on when the store cannot be closed, and logs why', async () => {
    const { app, store, log } = await nestApp();
    store.fail('close');
    await app.close();
    expect(log.errors.map(({ message }) => message)).toEqual(['The session store could not be closed.']);
  });
});
