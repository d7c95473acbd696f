import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import session from 'express-session';
import memorystore from 'memorystore';
import { createSessionMiddleware, SessionModule, SessionOptionsError, SessionStore } from 'nest-sessions';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { COUNTED, CountController, visitTwice } from '../../support/count.controller.js';
import { CookieClient, listen } from '../../support/http-server.js';
import { nestApp, QUIET, running, SECRET } from '../../support/nest-app.js';
import { LogRecorder } from '../../support/session-app.js';
import { signed } from '../../support/tokens.js';
import { COOKIE, expressSessionApp } from './express-session-app.js';

const Lru = memorystore(session);
const SAID = /is a store made for express-session.*across processes.*sessions cannot be listed by user/;

afterEach(() => vi.unstubAllEnvs());

describe('a store made for express-session', () => {
  it('can be given to forRootAsync(), and the log says once what it cannot do', async () => {
    const store = new session.MemoryStore();
    const logger = new LogRecorder();
    @Module({ providers: [{ provide: 'STORE', useValue: store }], exports: ['STORE'] })
    class StoreModule {}
    const { client, app } = await nestApp({
      sessionModule: SessionModule.forRootAsync({
        imports: [StoreModule],
        inject: ['STORE'],
        useFactory: (given: session.MemoryStore) => ({ secret: SECRET, store: given, logger }),
      }),
      scripts: { login: ({ sessions }) => sessions.login('ada') },
    });
    expect((await client().read('/login')).status).toBe(200);
    expect(Object.keys(Reflect.get(store, 'sessions') as object)).toHaveLength(1);
    expect(app.get(SessionStore)).toBeInstanceOf(SessionStore);
    expect(logger.warnings.filter(({ message }) => SAID.test(message))).toHaveLength(1);
    expect(logger.warnings[0]?.message).toContain('MemoryStore');
  });

  it('can be put in place of SessionStore in a testing module', async () => {
    const store = new Lru({ max: 10 });
    const testing = await Test.createTestingModule({
      imports: [SessionModule.forRoot({ secret: SECRET, logger: new LogRecorder() })],
      controllers: [CountController],
    })
      .overrideProvider(SessionStore)
      .useValue(store)
      .compile();
    const app = testing.createNestApplication(QUIET);
    onTestFinished(() => app.close());
    expect(await visitTwice(await running(app))).toEqual(COUNTED);
    expect(await new Promise((resolve) => store.length((_error, length) => resolve(length)))).toBe(1);
  });

  it('can be given to createSessionMiddleware(), and two in one process share its lines', async () => {
    const store = new session.MemoryStore();
    const logger = new LogRecorder();
    const options = { secret: SECRET, store, logger, name: COOKIE };
    const [one, two] = [createSessionMiddleware(options), createSessionMiddleware(options)];
    const [first, second] = await Promise.all(
      [one, two].map((middleware) =>
        listen((req, res) =>
          middleware(req, res, () => {
            const { session } = req as never as { session: Record<string, unknown> };
            session[String(req.url).slice(1)] = 'yes';
            res.end(JSON.stringify(session));
          }),
        ),
      ),
    );
    onTestFinished(async () => {
      await Promise.all([first!.close(), second!.close(), one.close(), two.close()]);
    });
    const client = new CookieClient(first!.url);
    await client.read('/begin');
    const other = new CookieClient(second!.url);
    other.cookies.set(COOKIE, client.cookies.get(COOKIE) ?? '');
    await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? client : other).read(`/f${n}`)));
    const fields = Object.keys(JSON.parse((await client.read('/end')).text));
    expect(fields.filter((name) => name.startsWith('f'))).toHaveLength(20);
  });

  it.each([
    ["express-session's own MemoryStore", () => new session.MemoryStore()],
    ['memorystore without a max', () => new Lru({})],
  ])('P11 does not start in production when nothing limits it: %s', (_name, make) => {
    vi.stubEnv('NODE_ENV', 'production');
    expect(() => createSessionMiddleware({ secret: SECRET, store: make() })).toThrow(SessionOptionsError);
  });

  it.each(['user:7.1', 'a/b+c==', 'x', 'k'.repeat(256), '日本'])(
    'is asked for ids that the application itself had drawn, such as %j',
    async (id) => {
      const store = new session.MemoryStore();
      const scripts = {
        login: (req: { session: object }) => void Object.assign(req.session, { user: 'Ada' }),
      };
      const theirs = new CookieClient(await expressSessionApp(store, scripts, { genid: () => id }));
      await theirs.read('/login');
      const { client } = await nestApp({
        options: { store, name: COOKIE },
        scripts: { who: ({ sessions, req }) => `${req.sessionID} ${sessions.get('user')}` },
      });
      const known = client();
      known.cookies.set(COOKIE, theirs.cookies.get(COOKIE) ?? '');
      expect((await known.read('/who')).text).toBe(`${id} Ada`);
    },
  );

  it.each(['k'.repeat(257), '../other', 'a\u0000b'])(
    'P8 is never asked for what can be no id, however well it is signed: %j',
    async (id) => {
      const store = new session.MemoryStore();
      const { client } = await nestApp({
        options: { store },
        scripts: { who: ({ sessions }) => `${sessions.get('user')}` },
      });
      const get = vi.spyOn(store, 'get');
      const forger = client();
      forger.cookies.set('sid', signed(id, SECRET));
      expect((await forger.read('/who')).text).toBe('undefined');
      expect(get).not.toHaveBeenCalled();
    },
  );
});
