import { fileURLToPath } from 'node:url';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  Injectable,
  Res,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Response } from 'express';
import {
  AuthGuard,
  Principal,
  Public,
  Session,
  SessionForbiddenException,
  SessionRequiredException,
  type SessionOptions,
  SessionService,
} from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import type { CookieClient } from '../support/http-server.js';
import { nestApp, type Script, type TestNestApp } from '../support/nest-app.js';

/** Logs in with the role in the query, or puts fields in a session of nobody. */
const SCRIPTS: Record<string, Script> = {
  login: ({ sessions, req }) =>
    sessions.login('ada', { data: req.query['role'] ? { role: String(req.query['role']) } : {} }),
  fields: ({ sessions }) => void Object.assign(sessions.fields, { user: 'Ada', role: 'admin', count: 0 }),
};

interface Guarded extends TestNestApp {
  /** A client that nobody has logged in with. */
  readonly anonymous: CookieClient;
  /** The status that a client gets at a path. */
  status(client: CookieClient, path: string): Promise<number>;
  /** A client that has asked for one path before. */
  after(path: string): Promise<CookieClient>;
}

/** An application with this controller, and the guard for every route if it is told so. */
async function guarded(
  controller: Type,
  { isGlobal = false, ...options }: Partial<SessionOptions> & { isGlobal?: boolean } = {},
): Promise<Guarded> {
  @Public()
  @Controller()
  class Open {
    constructor(private readonly sessions: SessionService) {}

    @Get('login')
    login(@Session() _session: unknown): Promise<void> {
      return this.sessions.login('ada');
    }
  }
  const app = await nestApp({
    options,
    controllers: [controller, ...(isGlobal ? [Open] : [])],
    ...(isGlobal ? { providers: [{ provide: APP_GUARD, useClass: AuthGuard }] } : { scripts: SCRIPTS }),
  });
  return {
    ...app,
    anonymous: app.client(),
    status: async (client, path) => (await client.fetch(path)).status,
    async after(path) {
      const client = app.client();
      await client.read(path);
      return client;
    },
  };
}

describe('AuthGuard', () => {
  @Controller()
  class OneRoute {
    @UseGuards(AuthGuard)
    @Get('admin')
    admin(@Principal() who: string) {
      return `Hello ${who}`;
    }

    @Get('front')
    front() {
      return 'front';
    }
  }

  it('on a route lets in who is logged in, and answers anybody else with 401 and a stable code', async () => {
    const { anonymous, after } = await guarded(OneRoute);
    const response = await anonymous.fetch('/admin');
    expect([response.status, await response.json()]).toEqual([
      401,
      { statusCode: 401, code: 'session_required', message: 'Please log in first.' },
    ]);
    expect(await (await after('/login')).read('/admin')).toEqual({ status: 200, text: 'Hello ada' });
  });

  it('on a route leaves the others alone', async () => {
    const { anonymous, status } = await guarded(OneRoute);
    expect(await status(anonymous, '/front')).toBe(200);
  });

  it('takes fields for nobody: only login() logs in', async () => {
    const { after, status } = await guarded(OneRoute);
    expect(await status(await after('/fields'), '/admin')).toBe(401);
  });

  it('on a controller covers its routes, but for those that are public', async () => {
    @UseGuards(AuthGuard)
    @Controller()
    class Members {
      @Get('inside')
      inside() {
        return 'inside';
      }

      @Public()
      @Get('door')
      door() {
        return 'door';
      }
    }
    const { anonymous, after, status } = await guarded(Members);
    expect(await Promise.all(['/inside', '/door'].map((path) => status(anonymous, path)))).toEqual([
      401, 200,
    ]);
    expect(await status(await after('/login'), '/inside')).toBe(200);
  });

  it('as APP_GUARD covers every route, but for those that are public', async () => {
    const { anonymous, after, status } = await guarded(OneRoute, { isGlobal: true });
    expect([await status(anonymous, '/front'), await status(anonymous, '/admin')]).toEqual([401, 401]);
    const known = await after('/login');
    expect([await status(known, '/front'), await status(known, '/admin')]).toEqual([200, 200]);
  });

  it('on the method of a controller that is public still guards it', async () => {
    @Public()
    @Controller()
    class Mixed {
      @Get('front')
      front() {
        return 'front';
      }

      @UseGuards(AuthGuard)
      @Get('admin')
      admin() {
        return 'admin';
      }
    }
    for (const isGlobal of [false, true]) {
      const { anonymous, status, after } = await guarded(Mixed, { isGlobal });
      expect([await status(anonymous, '/front'), await status(anonymous, '/admin')]).toEqual([200, 401]);
      expect(await status(await after('/login'), '/admin')).toBe(200);
    }
  });

  it('sets Cache-Control: no-store before the handler runs, which may say something as strict', async () => {
    const seen: unknown[] = [];
    @UseGuards(AuthGuard)
    @Controller()
    class Pages {
      @Get('page')
      page(@Session() _session: unknown) {
        return 'page';
      }

      @Get('file')
      file(@Res() res: Response) {
        seen.push(res.getHeader('cache-control'));
        res.sendFile(fileURLToPath(import.meta.url));
      }

      @Header('Cache-Control', 'private, max-age=5')
      @Get('own')
      own() {
        return 'own';
      }
    }
    const { after } = await guarded(Pages);
    const known = await after('/login');
    for (const path of ['/page', '/file', '/own']) {
      seen.push((await known.fetch(path)).headers.get('cache-control'));
    }
    expect(seen).toEqual(['no-store', 'no-store', 'no-store', 'private, max-age=5']);
  });

  it('may be extended, and a stricter one is not taken for it', async () => {
    const judged: string[] = [];
    @Injectable()
    class AdminGuard extends AuthGuard {
      protected override async judge(...args: Parameters<AuthGuard['judge']>): Promise<void> {
        await super.judge(...args);
        judged.push('admin guard');
        if (this.options.auth.loginUrl === undefined && !args[0].active.live.get('role')) {
          throw new SessionForbiddenException();
        }
      }
    }
    @Controller()
    class Strict {
      @UseGuards(AuthGuard, AdminGuard)
      @Get('admin')
      admin() {
        return 'admin';
      }
    }
    const { after, status, anonymous } = await guarded(Strict);
    expect(await status(anonymous, '/admin')).toBe(401);
    expect(await status(await after('/login'), '/admin')).toBe(403);
    expect(await status(await after('/login?role=any'), '/admin')).toBe(200);
    expect(judged).toHaveLength(2);
  });

  it('may be asked by a guard of the application’s own', async () => {
    @Injectable()
    class EitherGuard implements CanActivate {
      constructor(private readonly auth: AuthGuard) {}

      async canActivate(context: ExecutionContext): Promise<boolean> {
        const { query }: { query: { key?: string } } = context.switchToHttp().getRequest();
        return query.key === 'open' || this.auth.canActivate(context);
      }
    }
    @Controller()
    class Doors {
      @UseGuards(EitherGuard)
      @Get('door')
      door() {
        return 'door';
      }
    }
    const { anonymous, status } = await guarded(Doors);
    expect([await status(anonymous, '/door'), await status(anonymous, '/door?key=open')]).toEqual([401, 200]);
  });
});

describe('auth options', () => {
  @Controller()
  class Inside {
    @UseGuards(AuthGuard)
    @Get('inside')
    inside(@Principal() who: string | undefined) {
      return `${who}`;
    }
  }

  it('auth.require names the fields that count as being logged in', async () => {
    const one = await guarded(Inside, { auth: { require: 'user' } });
    expect(await one.status(await one.after('/fields'), '/inside')).toBe(200);
    expect(await one.status(one.anonymous, '/inside')).toBe(401);
    const several = await guarded(Inside, { auth: { require: ['user', 'role'] } });
    expect(await several.status(await several.after('/fields'), '/inside')).toBe(200);
    expect(await several.status(await several.after('/login?role=x'), '/inside')).toBe(401);
    // A field that says no is as one that is missing.
    const empty = await guarded(Inside, { auth: { require: 'count' } });
    expect(await empty.status(await empty.after('/fields'), '/inside')).toBe(401);
  });

  it('auth.principal tells who is logged in where there was no login()', async () => {
    const { after, anonymous, status } = await guarded(Inside, {
      auth: { principal: ({ user }) => (typeof user === 'string' ? `by field ${user}` : undefined) },
    });
    expect(await (await after('/fields')).read('/inside')).toEqual({ status: 200, text: 'by field Ada' });
    expect(await (await after('/login')).read('/inside')).toEqual({ status: 200, text: 'ada' });
    expect(await status(anonymous, '/inside')).toBe(401);
  });

  it('have an exception for each refusal that names no secrets', () => {
    expect(new SessionRequiredException().getResponse()).toMatchObject({ code: 'session_required' });
    expect(new SessionForbiddenException().getResponse()).toMatchObject({ code: 'session_forbidden' });
  });
});
