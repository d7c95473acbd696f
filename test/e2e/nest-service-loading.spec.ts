import { Controller, Get, Injectable, UseGuards } from '@nestjs/common';
import {
  AuthGuard,
  Principal,
  Session,
  SessionNotLoadedError,
  type SessionOptions,
  SessionService,
  SessionUnavailableException,
} from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import type { StoreOperation } from '../support/controlled.store.js';
import type { CookieClient } from '../support/http-server.js';
import { nestApp, type Script, type TestNestApp } from '../support/nest-app.js';
import { failure } from '../support/run-scripts.js';
import { within } from '../support/within.js';

@Injectable()
class Greeter {
  constructor(private readonly sessions: SessionService) {}

  async greet(): Promise<string> {
    await this.sessions.load();
    return `Hello ${this.sessions.get('user')}`;
  }
}

@Controller()
class LazyController {
  constructor(private readonly greeter: Greeter) {}

  @Get('by-decorator')
  decorator(@Session('user') user: string, @Session() session: { theme?: string }, @Principal() who: string) {
    return `${user} ${session.theme} ${who}`;
  }

  @Get('by-guard')
  @UseGuards(AuthGuard)
  guard(@Session('user') user: string) {
    return `${user}`;
  }

  @Get('by-all')
  @UseGuards(AuthGuard)
  async all(@Session('user') user: string, @Principal() who: string) {
    return `${user} ${who} ${(await Promise.all([this.greeter.greet(), this.greeter.greet()])).join()}`;
  }
}

const SCRIPTS: Record<string, Script> = {
  begin: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada', theme: 'dark', cart: ['tea'] } }),
  health: () => 'fine',
  read: ({ sessions }) => sessions.get('user'),
  look: ({ sessions }) => `${sessions.get('cart')?.length} ${Object.keys(sessions.fields).join()}`,
  write: ({ sessions }) => sessions.set('theme', 'light'),
  same: ({ sessions }) => {
    sessions.set('theme', 'dark');
    sessions.set('cart', ['tea']);
  },
  change: async ({ sessions }) => {
    await sessions.load();
    sessions.set('theme', 'light');
  },
  both: ({ sessions }) => sessions.set('cart', [...(sessions.get('cart') ?? []), 'milk']),
};

async function begun(
  scripts: Record<string, Script> = {},
  options: Partial<SessionOptions> = {},
): Promise<TestNestApp & { known: CookieClient }> {
  const app = await nestApp({
    options,
    controllers: [LazyController],
    providers: [Greeter],
    scripts: { ...SCRIPTS, ...scripts },
  });
  const known = app.client();
  await known.read('/begin');
  app.store.calls.length = 0;
  return { ...app, known };
}

describe('what a request costs', () => {
  it('P5 without a cookie nothing, even where the session is read', async () => {
    const { client, store } = await begun();
    for (const path of ['/health', '/read', '/look']) {
      const response = await client().fetch(path);
      expect([response.status, response.headers.getSetCookie()]).toEqual([200, []]);
    }
    expect(store.calls).toEqual([]);
  });

  it.each<[string, StoreOperation[], string | null]>([
    ['/health', ['read'], null],
    ['/read', ['read'], 'Cookie'],
    ['/look', ['read'], 'Cookie'],
    ['/same', ['read'], 'Cookie'],
    ['/write', ['read', 'replace'], 'Cookie'],
    ['/both', ['read', 'replace'], 'Cookie'],
  ])('P5 with a session %s takes %j', async (path, calls, vary) => {
    const { known, store } = await begun();
    const response = await known.fetch(path);
    expect([response.status, response.headers.getSetCookie(), response.headers.get('vary')]).toEqual([
      200,
      [],
      vary,
    ]);
    expect(store.calls).toEqual(calls);
  });

  it('P5 of a new session one write', async () => {
    const { client, store } = await begun();
    const response = await client().fetch('/write');
    expect([store.calls, response.headers.getSetCookie().length]).toEqual([['create'], 1]);
  });
});

describe("load: 'lazy'", () => {
  const lazily = (scripts?: Record<string, Script>) => begun(scripts, { load: 'lazy' });

  it.each(['/health'])('P5 reads nothing for %s, which does not use its session', async (path) => {
    const { known, store } = await lazily();
    expect(await known.read(path)).toEqual({ status: 200, text: 'fine' });
    expect(store.calls).toEqual([]);
  });

  it.each([
    ['/by-decorator', 'Ada dark ada'],
    ['/by-guard', 'Ada'],
    ['/by-all', 'Ada ada Hello Ada,Hello Ada'],
  ])('%s loads by itself, once, shared', async (path, text) => {
    const { known, store } = await lazily();
    expect(await known.read(path)).toEqual({ status: 200, text });
    expect(store.calls).toEqual(['read']);
  });

  it.each<[string, Script]>([
    ['load()', ({ sessions }) => sessions.load()],
    ['update()', ({ sessions }) => sessions.update(() => undefined)],
    ['save()', ({ sessions }) => sessions.save()],
    ['reload()', ({ sessions }) => sessions.reload()],
    ['regenerate()', ({ sessions }) => sessions.regenerate({ keep: ['user'] })],
    ['login()', ({ sessions }) => sessions.login('ada', { keep: ['user'] })],
  ])('%s loads by itself', async (_name, script) => {
    const { known } = await lazily({
      async call(context) {
        await script(context);
        return context.sessions.get('user');
      },
    });
    expect(await known.read('/call')).toEqual({ status: 200, text: 'Ada' });
  });

  it('logout() and destroy() load by themselves', async () => {
    const { known, store } = await lazily({ logout: ({ sessions }) => sessions.logout() });
    await known.read('/logout');
    expect([store.records, known.cookies.size]).toEqual([[], 0]);
  });

  it('throws SessionNotLoadedError where the session is used before, and does not load', async () => {
    const errors: unknown[] = [];
    const { known, store } = await lazily({
      async use({ sessions, req }) {
        const uses: (() => unknown)[] = [
          () => sessions.fields,
          () => sessions.principal,
          () => sessions.handle,
          () => sessions.isNew,
          () => sessions.createdAt,
          () => sessions.get('user'),
          () => sessions.set('user', 'Eve'),
          () => sessions.delete('user'),
          () => req.session.user,
          () => (req.session.user = 'Eve'),
          () => Object.keys(req.session),
          () => 'user' in req.session,
          () => delete req.session.user,
          () => ({ ...req.session }),
        ];
        for (const use of uses) {
          errors.push(await failure(use));
        }
      },
    });
    expect((await known.read('/use')).status).toBe(200);
    expect(errors).toHaveLength(14);
    for (const error of errors) {
      expect(error).toBeInstanceOf(SessionNotLoadedError);
      expect(error).toMatchObject({ code: 'session_not_loaded', status: 500 });
      expect(String(error)).toContain('sessions.load()');
    }
    expect(store.calls).toEqual([]);
  });

  it('neither loads nor throws where req.session is only looked at', async () => {
    const { known, store } = await lazily({ has: ({ req }) => `${typeof req.session} ${'session' in req}` });
    expect((await known.read('/has')).text).toBe('object true');
    expect(store.calls).toEqual([]);
  });

  it('needs no load where there is no cookie', async () => {
    const { client, store } = await lazily();
    expect((await client().read('/write')).status).toBe(200);
    expect(store.calls).toEqual(['create']);
  });
});

describe.each(['eager', 'lazy'] as const)("with load: '%s', while the store is down", (load) => {
  async function outage(failing: (store: TestNestApp['store']) => void) {
    const app = await begun({}, { load, operationTimeout: 100 });
    failing(app.store);
    return app;
  }

  const failures: [string, (store: TestNestApp['store']) => void][] = [
    ['rejects', (store) => store.fail('read', 'create', 'replace', 'touch', 'remove')],
    ['throws', (store) => store.throwAtOnce('read')],
    ['hangs', (store) => store.hang('read')],
    ['answers garbage', (store) => store.answer('read', 'nonsense')],
  ];

  it.each(failures)('and %s: P10 routes without sessions answer', async (_name, failing) => {
    const { known, client } = await outage(failing);
    expect(await known.read('/health')).toEqual({ status: 200, text: 'fine' });
    expect(await client().read('/health')).toEqual({ status: 200, text: 'fine' });
  });

  it.each(failures)(
    'and %s: P10 those that use one get a 503 with its code, in time',
    async (_name, failing) => {
      const { known } = await outage(failing);
      const paths = [
        '/by-decorator',
        '/by-guard',
        '/by-all',
        ...(load === 'eager' ? ['/read', '/write'] : []),
      ];
      for (const path of paths) {
        const { status, text } = await within(5_000, () => path, known.read(path));
        expect([path, status, JSON.parse(text)]).toEqual([
          path,
          503,
          { statusCode: 503, code: 'session_unavailable', message: expect.any(String) as string },
        ]);
      }
    },
  );

  it('P10 the sessions are back when it is, without a restart', async () => {
    const { known, store } = await outage((down) => down.fail('read'));
    expect((await known.read('/by-guard')).status).toBe(503);
    store.heal();
    expect(await known.read('/by-guard')).toEqual({ status: 200, text: 'Ada' });
  });

  it('P4 a change that is not stored is a 503, and the cookie stays', async () => {
    const { known, store } = await outage((down) => down.fail('replace'));
    const before = known.cookie;
    const { status, text } = await known.read('/change');
    expect([status, JSON.parse(text)]).toMatchObject([503, { code: 'session_unavailable' }]);
    expect([known.cookie, store.stored]).toEqual([before, [{ user: 'Ada', theme: 'dark', cart: ['tea'] }]]);
  });
});

describe('an error of the edge', () => {
  it('is an HttpException with code, status and a message for the client', async () => {
    const errors: unknown[] = [];
    const { known, store } = await begun(
      {
        async use({ sessions }) {
          errors.push(await failure(() => sessions.load()));
          errors.push(await failure(() => sessions.get('user')));
        },
      },
      { load: 'lazy' },
    );
    store.fail('read');
    await known.read('/use');
    for (const error of errors) {
      expect(error).toBeInstanceOf(SessionUnavailableException);
    }
  });
});
