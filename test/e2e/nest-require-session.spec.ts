import { Controller, Get, Query, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AuthGuard, Public, RequireSession, SessionService } from 'nest-sessions';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CookieClient } from '../support/http-server.js';
import { nestApp, type TestNestApp } from '../support/nest-app.js';

const predicates: string[] = [];

@RequireSession('user')
@Controller()
class Rooms {
  @Get('by-class')
  byClass() {}

  @RequireSession('user', 'cart')
  @Get('two-names')
  twoNames() {}

  @RequireSession({ role: 'admin' })
  @Get('value')
  value() {}

  @RequireSession({ role: ['admin', 'editor'] })
  @Get('one-of')
  oneOf() {}

  @RequireSession('user', { role: 'admin' })
  @Get('both')
  both() {}

  @RequireSession(({ count = 0 }) => {
    predicates.push('sync');
    return count > 3;
  })
  @Get('predicate')
  predicate() {}

  @RequireSession(async ({ count = 0 }) => {
    predicates.push('async');
    return Promise.resolve(count > 3);
  })
  @Get('async-predicate')
  asyncPredicate() {}

  @RequireSession(() => 'yes' as never)
  @Get('not-true')
  notTrue() {}

  @RequireSession(() => {
    throw new Error('no');
  })
  @Get('throws')
  throws() {}

  @RequireSession()
  @Get('anybody')
  anybody() {}

  @UseGuards(AuthGuard)
  @Get('twice')
  twice() {}

  @RequireSession({ role: undefined as never })
  @Get('nothing')
  nothing() {}

  @Public()
  @Get('open')
  open() {}
}

/** What a session is begun with: whether somebody is logged in, and its fields. */
type Start = [principal: string | null, fields: Record<string, unknown>];

@Public()
@Controller()
class Begin {
  constructor(private readonly sessions: SessionService) {}

  @Get('begin')
  async begin(@Query('start') start: string): Promise<void> {
    const [principal, fields] = JSON.parse(start) as Start;
    if (principal !== null) {
      await this.sessions.login(principal);
    }
    Object.assign(this.sessions.fields, fields);
  }
}

/** What tells the answers apart. */
const BODIES: Record<number, RegExp> = {
  401: /"code":"session_required"/,
  403: /"code":"session_forbidden"/,
  500: /Internal server error/,
};

const ANONYMOUS: Start = [null, {}];

describe.each([
  ['alone', false],
  ['with AuthGuard as APP_GUARD', true],
])('@RequireSession() %s', (_name, isGlobal) => {
  let app: TestNestApp;

  beforeEach(async () => {
    predicates.length = 0;
    app = await nestApp({
      controllers: [Rooms, Begin],
      providers: isGlobal ? [{ provide: APP_GUARD, useClass: AuthGuard }] : [],
    });
  });

  async function begun(start: Start): Promise<CookieClient> {
    const client = app.client();
    await client.read(`/begin?start=${encodeURIComponent(JSON.stringify(start))}`);
    return client;
  }

  it.each<[string, Start, number]>([
    // A field's name stands for being logged in itself.
    ['/by-class', ANONYMOUS, 401],
    ['/by-class', [null, { user: 'Ada' }], 200],
    ['/by-class', [null, { user: '' }], 401],
    ['/by-class', ['ada', { user: 'Ada' }], 200],
    ['/by-class', ['ada', {}], 403],
    ['/two-names', [null, { user: 'Ada' }], 401],
    ['/two-names', [null, { user: 'Ada', cart: [] }], 200],
    ['/two-names', ['ada', { user: 'Ada' }], 403],
    // Values and predicates also need somebody logged in.
    ['/value', ANONYMOUS, 401],
    ['/value', [null, { role: 'admin' }], 401],
    ['/value', ['ada', { role: 'admin' }], 200],
    ['/value', ['ada', { role: 'editor' }], 403],
    ['/value', ['ada', { role: ['admin'] }], 403],
    ['/value', ['ada', {}], 403],
    ['/one-of', ['ada', { role: 'editor' }], 200],
    ['/one-of', ['ada', { role: 'guest' }], 403],
    ['/both', [null, { user: 'Ada', role: 'admin' }], 401],
    ['/both', ['ada', { user: 'Ada', role: 'admin' }], 200],
    ['/both', ['ada', { role: 'admin' }], 403],
    ['/predicate', [null, { count: 4 }], 401],
    ['/predicate', ['ada', { count: 4 }], 200],
    ['/predicate', ['ada', { count: 3 }], 403],
    ['/async-predicate', ['ada', { count: 4 }], 200],
    ['/async-predicate', ['ada', { count: 3 }], 403],
    ['/not-true', ['ada', {}], 403],
    ['/throws', ['ada', {}], 500],
    ['/nothing', ['ada', {}], 403],
    ['/anybody', ANONYMOUS, 401],
    ['/anybody', ['ada', {}], 200],
    ['/open', ANONYMOUS, 200],
    // The method says nothing of fields, so the class does.
    ['/twice', [null, { user: 'Ada' }], 200],
    ['/twice', ['ada', {}], 403],
  ])('%s with %j is %i', async (path, start, status) => {
    const client = await begun(start);
    const { text, ...response } = await client.read(path);
    expect(response.status).toBe(status);
    expect(text).toMatch(BODIES[status] ?? /^$/);
  });

  it('judges a request once', async () => {
    const client = await begun(['ada', { count: 4 }]);
    await client.read('/predicate');
    await client.read('/async-predicate');
    expect(predicates).toEqual(['sync', 'async']);
  });

  it('judges every request', async () => {
    const client = await begun(['ada', { count: 4 }]);
    await client.read('/predicate');
    await client.read('/predicate');
    expect(predicates).toEqual(['sync', 'sync']);
  });
});
