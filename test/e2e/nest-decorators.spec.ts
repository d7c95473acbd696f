import {
  Controller,
  Session as NestSession,
  DefaultValuePipe,
  type ExecutionContext,
  Get,
  Injectable,
  ParseIntPipe,
  type PipeTransform,
  Req,
} from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import type { Request } from 'express';
import {
  AuthGuard,
  type FieldValue,
  Principal,
  Session,
  type SessionFields,
  type SessionPath,
} from 'nest-sessions';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { nestApp, type Script } from '../support/nest-app.js';

@Injectable()
class KeysPipe implements PipeTransform<object, string> {
  transform(value: object): string {
    return Object.keys(value).join();
  }
}

@Injectable()
class UpperPipe implements PipeTransform<string | undefined, string | undefined> {
  transform(value: string | undefined): string | undefined {
    return value?.toUpperCase();
  }
}

@Controller()
class Params {
  @Get('whole')
  whole(@Session() session: SessionFields) {
    return { ...session, cookie: undefined };
  }

  @Get('path')
  path(
    @Session('user') user: string,
    @Session('profile') profile: unknown,
    @Session('profile.city.name') city: string,
    @Session('profile.tags') tags: string[],
    @Session('name') none: string | undefined,
  ) {
    return [user, profile, city, tags, none ?? 'none'];
  }

  @Get('nowhere')
  nowhere(
    @Session('profile.city.name.length' as SessionPath) onText: unknown,
    @Session('profile.tags.length' as SessionPath) onList: unknown,
    @Session('profile.tags.0' as SessionPath) inList: unknown,
    @Session('name.first.letter' as SessionPath) ofNothing: unknown,
    @Session('constructor' as SessionPath) constructor: unknown,
    @Session('__proto__' as SessionPath) proto: unknown,
    @Session('toString' as SessionPath) method: unknown,
    @Session('profile.constructor.name' as SessionPath) deep: unknown,
    @Session('profile.__proto__' as SessionPath) deepProto: unknown,
    @Session('cookie' as SessionPath) cookie: unknown,
    @Session('id' as SessionPath) id: unknown,
  ) {
    return [
      ...[onText, ofNothing, constructor, proto, method, deep, deepProto, cookie, id].map(String),
      [onList, inList],
    ];
  }

  @Get('pipes')
  pipes(
    @Session('count', ParseIntPipe) count: number,
    @Session('user', UpperPipe, new DefaultValuePipe('nobody')) user: string,
    @Session('name', UpperPipe, new DefaultValuePipe('nobody')) name: string,
    @Session(KeysPipe) keys: string,
    @Session(new KeysPipe(), UpperPipe) upper: string,
    @Principal(UpperPipe) who: string,
  ) {
    return [count, user, name, keys, upper, who];
  }

  @Get('bad-pipe')
  badPipe(@Session('user', ParseIntPipe) user: number) {
    return user;
  }

  @Get('principal')
  principal(@Principal() who: string | undefined) {
    return `${who}`;
  }

  @Get('same')
  same(@Session() ours: SessionFields, @NestSession() nests: SessionFields, @Req() req: Request) {
    nests.theme = 'light';
    return [ours === nests, req.session === ours, ours.theme];
  }
}

const scripts: Record<string, Script> = {
  begin: ({ sessions }) =>
    sessions.login('ada', {
      data: {
        user: 'Ada',
        theme: 'dark',
        count: 7,
        profile: { city: { name: 'Bern', zip: 3000 }, tags: ['a', 'b'] },
      },
    }),
};

async function get(path: string, load: 'eager' | 'lazy' = 'eager') {
  const app = await nestApp({ controllers: [Params], scripts, options: { load } });
  const client = app.client();
  await client.read('/begin');
  app.store.calls.length = 0;
  const response = await client.fetch(path);
  const text = await response.text();
  return { ...app, text, status: response.status, json: () => JSON.parse(text) as unknown };
}

describe.each(['eager', 'lazy'] as const)("with load: '%s' @Session()", (load) => {
  it('is the whole session', async () => {
    const { json, store } = await get('/whole', load);
    expect(json()).toEqual({
      user: 'Ada',
      theme: 'dark',
      count: 7,
      profile: { city: { name: 'Bern', zip: 3000 }, tags: ['a', 'b'] },
    });
    expect(store.calls).toEqual(['read']);
  });

  it('with a path is what is there', async () => {
    const { json } = await get('/path', load);
    const profile = { city: { name: 'Bern', zip: 3000 }, tags: ['a', 'b'] };
    expect(json()).toEqual(['Ada', profile, 'Bern', ['a', 'b'], 'none']);
  });

  it('with a path never leaves the data: no prototypes, no members of the session object', async () => {
    const { json } = await get('/nowhere', load);
    expect(json()).toEqual([...Array<string>(9).fill('undefined'), [2, 'a']]);
  });

  it('takes pipes, with a path and without, as Nest does', async () => {
    const { json } = await get('/pipes', load);
    const keys = 'cookie,user,theme,count,profile';
    expect(json()).toEqual([7, 'ADA', 'nobody', keys, keys.toUpperCase(), 'ADA']);
  });

  it('lets a pipe refuse with its own error', async () => {
    const { status, json } = await get('/bad-pipe', load);
    expect([status, json()]).toMatchObject([400, { message: expect.stringContaining('numeric') as string }]);
  });
});

describe('@Principal()', () => {
  it('is who is logged in', async () => {
    expect((await get('/principal')).text).toBe('ada');
    const { client } = await nestApp({ controllers: [Params] });
    expect((await client().read('/principal')).text).toBe('undefined');
  });
});

describe('one session', () => {
  it('is what our @Session(), Nest’s own and req.session show', async () => {
    const { json, store } = await get('/same');
    expect(json()).toEqual([true, true, 'light']);
    expect(store.stored[0]).toMatchObject({ theme: 'light' });
  });

  it('is typed by SessionData', () => {
    expectTypeOf<SessionPath>()
      .extract<'user' | 'profile.city.zip'>()
      .toEqualTypeOf<'user' | 'profile.city.zip'>();
    expectTypeOf<'profile.cities'>().not.toMatchTypeOf<SessionPath>();
    // Declared for 'express-session' and known here.
    expectTypeOf<SessionPath>().extract<'legacy.since'>().toEqualTypeOf<'legacy.since'>();
    expectTypeOf<FieldValue<'legacy'>>().toEqualTypeOf<{ since: number } | undefined>();
    // Declared for 'nest-sessions' and known there.
    expectTypeOf<Request['session']['cart']>().toEqualTypeOf<string[] | undefined>();
    expectTypeOf<Request['session']['cookie']['maxAge']>().toEqualTypeOf<number | undefined>();
  });
});

describe('an execution context of GraphQL', () => {
  /** What resolvers are given: root, arguments, context, info. */
  function graphql(req: unknown): ExecutionContext {
    const args = [undefined, {}, { req }, {}];
    return {
      getType: () => 'graphql',
      getArgByIndex: (index: number) => args[index],
      getArgs: () => args,
      getHandler: () => Params.prototype.whole,
      getClass: () => Params,
      switchToHttp: () => {
        throw new Error('This is no HTTP request.');
      },
    } as unknown as ExecutionContext;
  }

  /** The function behind a parameter decorator, as Nest finds it. */
  function factoryOf(decorator: ParameterDecorator): (data: unknown, context: ExecutionContext) => unknown {
    class Target {
      method() {}
    }
    decorator(Target.prototype, 'method', 0);
    const metadata = Reflect.getMetadata(ROUTE_ARGS_METADATA, Target, 'method') as Record<
      string,
      { factory: ReturnType<typeof factoryOf> }
    >;
    return Object.values(metadata)[0]!.factory;
  }

  it('has the session of the request in its context', async () => {
    const seen: unknown[] = [];
    const { app, client } = await nestApp({
      scripts: {
        ...scripts,
        async resolve({ req }) {
          const context = graphql(req);
          seen.push(
            await factoryOf(Session('user'))('user', context),
            await factoryOf(Principal())(undefined, context),
            await app.get(AuthGuard).canActivate(context),
          );
        },
      },
      options: { load: 'lazy' },
    });
    const known = client();
    await known.read('/begin');
    const response = await known.fetch('/resolve');
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(seen).toEqual(['Ada', 'ada', true]);
  });

  it('without a request says what is missing', () => {
    const factory = factoryOf(Session('user'));
    for (const req of [undefined, {}, 'nothing']) {
      expect(() => factory('user', graphql(req))).toThrow(/no session.*SessionModule/);
    }
  });
});
