import { Body, Controller, Module, Post, RequestMethod, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor, type NestExpressApplication } from '@nestjs/platform-express';
import type { Request, Response } from 'express';
import {
  applySession,
  SessionModule,
  type SessionOptions,
  SessionOptionsError,
  SessionService,
} from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { COUNTED, count, CountController, visitTwice } from '../support/count.controller.js';
import { nestApp, SECRET } from '../support/nest-app.js';

describe('the mount', () => {
  /** What a middleware that `main.ts` adds sees, with one session before. */
  async function seenByMiddleware(
    path: string,
    setUp?: (app: NestExpressApplication) => void,
  ): Promise<string[]> {
    const seen: string[] = [];
    const { client } = await nestApp({
      setUp(app) {
        setUp?.(app);
        app.use((req: Request, res: Response) => {
          seen.push(`${req.session.count}`);
          req.session.count = (req.session.count ?? 0) + 1;
          res.end();
        });
      },
    });
    const known = client();
    await known.read(path);
    await known.read(path);
    return seen;
  }

  it('is before what main.ts adds with app.use()', async () => {
    expect(await seenByMiddleware('/')).toEqual(['undefined', '1']);
  });

  it('covers every path with a global prefix, /graphql as well', async () => {
    expect(await seenByMiddleware('/graphql', (app) => app.setGlobalPrefix('api'))).toEqual([
      'undefined',
      '1',
    ]);
  });

  it('with a global prefix reaches the handlers under it', async () => {
    const { client } = await nestApp({
      controllers: [CountController],
      setUp: (app) => app.setGlobalPrefix('api'),
    });
    const known = client();
    await known.read('/api/count');
    expect(await known.read('/api/count')).toEqual({ status: 200, text: 'count 2' });
  });

  it('reaches the service behind body parsers and uploads, which wait for the request’s body', async () => {
    @Controller()
    class Uploads {
      constructor(private readonly sessions: SessionService) {}

      @Post('upload')
      @UseInterceptors(FileInterceptor('file'))
      upload(@UploadedFile() file: { size: number }): void {
        this.sessions.set('count', file.size);
      }

      @Post('text')
      text(@Body() { name }: { name: string }): void {
        this.sessions.set('count', name.length);
      }
    }
    const { client, store } = await nestApp({ controllers: [Uploads] });
    const known = client();
    const file = new FormData();
    file.set('file', new Blob(['x'.repeat(300_000)]), 'a.txt');
    await known.read('/upload', { method: 'POST', body: file });
    expect(store.stored).toEqual([{ count: 300_000 }]);
    const body = JSON.stringify({ name: 'x'.repeat(90_000) });
    await known.read('/text', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    expect(store.stored).toEqual([{ count: 90_000 }]);
  });

  it("with mount: 'manual' is where applySession() stands, and a second time is none", async () => {
    const seen: boolean[] = [];
    const look = (req: Request, _res: Response, next: () => void) => {
      seen.push(req.session !== undefined);
      next();
    };
    const { client, store } = await nestApp({
      controllers: [CountController],
      options: { mount: 'manual' },
      setUp(app) {
        app.use(look);
        applySession(app);
        applySession(app);
        app.use(look);
      },
    });
    const known = client();
    expect([await count(known), await count(known)]).toEqual(['count 1', 'count 2']);
    expect(seen).toEqual([false, true, false, true]);
    expect(store.count('read')).toBe(1);
  });

  it("with mount: 'manual' and nothing mounted says so where the session is used", async () => {
    const { client } = await nestApp({
      options: { mount: 'manual' },
      scripts: {
        use({ sessions }) {
          try {
            return sessions.isNew;
          } catch (error) {
            return String(error);
          }
        },
      },
    });
    expect((await client().read('/use')).text).toMatch(/no session.*applySession\(app\)/);
  });

  it('by applySession() is a no-op where the module has mounted itself', async () => {
    const { client, store } = await nestApp({ controllers: [CountController], setUp: applySession });
    const known = client();
    await count(known);
    await count(known);
    expect(store.calls).toEqual(['create', 'read', 'replace']);
  });

  it('of a second SessionModule is a boot error that says what to do', async () => {
    const second = SessionModule.forRoot({ secret: SECRET });
    await expect(nestApp({ imports: [second] })).rejects.toThrow(/imported twice.*Import it once/);
    const manual = (): typeof second => SessionModule.forRoot({ secret: SECRET, mount: 'manual' });
    await expect(nestApp({ sessionModule: manual(), imports: [manual()] })).rejects.toThrow(
      SessionOptionsError,
    );
  });

  it('of the same module in two places is no second one', async () => {
    const sessionModule = SessionModule.forRoot({ secret: SECRET });
    @Module({ imports: [sessionModule], controllers: [CountController] })
    class Feature {}
    expect(await visitTwice((await nestApp({ sessionModule, imports: [Feature] })).url)).toEqual(COUNTED);
  });
});

describe('routes', () => {
  const paths = ['/api/a', '/assets/x.css', '/health', '/health?deep'];

  async function withSession(routes: SessionOptions['routes'], method = 'GET'): Promise<string[]> {
    const { url } = await nestApp({
      options: { routes: routes ?? {} },
      setUp: (app) =>
        app.use((req: Request, res: Response) =>
          res.setHeader('x-session', `${req.session !== undefined}`).end(),
        ),
    });
    const answers = await Promise.all(paths.map((path) => fetch(url + path, { method })));
    return paths.filter((_, i) => answers[i]?.headers.get('x-session') === 'true');
  }

  it('that are excluded have no session', async () => {
    expect(await withSession({ exclude: ['/health', '/assets/*path'] })).toEqual(['/api/a']);
  });

  it('that are excluded for one method have one for the others', async () => {
    const routes = { exclude: [{ path: '/health', method: 'get' }] };
    expect(await withSession(routes)).toEqual(['/api/a', '/assets/x.css']);
    expect(await withSession(routes, 'HEAD')).toEqual(['/api/a', '/assets/x.css']);
    expect(await withSession(routes, 'POST')).toEqual(paths);
    const byNest = { exclude: [{ path: '/health', method: RequestMethod.POST }] };
    expect(await withSession(byNest, 'POST')).toEqual(['/api/a', '/assets/x.css']);
    expect(await withSession(byNest)).toEqual(paths);
    const all = { exclude: [{ path: '/health', method: RequestMethod.ALL }] };
    expect(await withSession(all, 'DELETE')).toEqual(['/api/a', '/assets/x.css']);
  });

  it('that are included are the only ones, less what is excluded', async () => {
    expect(await withSession({ include: ['/api/*path', '/health'] })).toEqual([
      '/api/a',
      '/health',
      '/health?deep',
    ]);
    expect(await withSession({ include: ['/api/*path', '/health'], exclude: ['/health'] })).toEqual([
      '/api/a',
    ]);
  });

  it.each([
    [{ exclude: ['health'] }, /routes\.exclude.*"health".*begins with a slash/],
    [{ include: ['/*'] }, /routes\.include.*no path pattern.*path-to-regexp/],
    [{ include: [{ path: '/a', method: 'FETCH' }] }, /routes\.include.*"FETCH" is no method/],
    [{ include: [{ path: '/a', method: 99 }] }, /routes\.include.*99 is no method/],
    [{ exclude: '/health' }, /routes\.exclude.*"\/health" is no list/],
    [{ exclude: [{ paths: '/health' }] }, /routes\.exclude\.paths.*no such option/],
    [{ excluded: ['/health'] }, /routes\.excluded.*no such option/],
  ])('P11 that would match nothing are refused at boot: %j', async (routes, message) => {
    await expect(nestApp({ options: { routes: routes as never } })).rejects.toThrow(message);
  });

  it('that are excluded cost the store nothing, and the guard says what is missing', async () => {
    const { client, store } = await nestApp({
      controllers: [CountController],
      options: { routes: { exclude: ['/count'] } },
    });
    expect((await client().read('/count')).status).toBe(500);
    expect(store.calls).toEqual([]);
  });
});
