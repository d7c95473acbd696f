import { Controller, Get, Inject } from '@nestjs/common';
import session from 'express-session';
import { RequireSession, Session, type SessionOptions, SessionRegistry, SessionService } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import { nestApp, type Script } from '../support/nest-app.js';
import { failure } from '../support/run-scripts.js';

const MINUTE = 60_000;

@Controller('as')
class Views {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Get('parameter')
  parameter(@Session('role') role: unknown) {
    return String(role);
  }

  @Get('path')
  path(@Session('profile.city.name') name: unknown) {
    return String(name);
  }

  @RequireSession('role')
  @Get('guarded')
  guarded() {
    return 'in';
  }

  @Get('fields')
  async fields() {
    await this.sessions.load();
    return Object.keys(this.sessions.fields).join();
  }
}

const scripts: Record<string, Script> = {
  login: ({ sessions }) => sessions.login('ada', { data: { theme: 'dark' } }),
  elevate: ({ sessions }) =>
    sessions.confirm({
      elevate: { role: 'admin', profile: { city: { name: 'Ulm', zip: 1 }, tags: [] } },
      for: '5m',
    }),
  confirm: ({ sessions }) => sessions.confirm(),
  get: ({ sessions }) => String(sessions.get('role')),
  property: ({ req }) =>
    `${String(req.session.role)} ${'role' in req.session} ${Object.keys(req.session).join()}`,
  draft: ({ sessions }) => sessions.update((draft) => `${String(draft.role)} ${Object.keys(draft).join()}`),
  other: ({ sessions }) => sessions.set('count', 1),
  lower: ({ sessions }) => sessions.set('role', 'editor'),
  drop: ({ sessions }) => sessions.delete('role'),
  plain: ({ sessions }) => sessions.set('role', 'admin'),
  keep: ({ sessions }) => sessions.login('ada', { keep: ['role', 'theme'] }),
  regenerate: ({ sessions }) => sessions.regenerate({ keep: ['role', 'theme'] }),
  'plain-keep'({ sessions }) {
    sessions.set('role', 'admin');
    return sessions.login('ada', { keep: ['role'] });
  },
};

async function elevated(options: Partial<SessionOptions> = {}, more: Record<string, Script> = {}) {
  const clock = fakeClock();
  const app = await nestApp({
    controllers: [Views],
    scripts: { ...scripts, ...more },
    options: { clock, touchAfter: '29m', ...options },
  });
  const ada = app.client();
  await ada.read('/login');
  const old = app.client();
  ada.cookies.forEach((value, name) => old.cookies.set(name, value));
  expect((await ada.read('/elevate')).status).toBe(200);
  // That a token was first seen is written down behind the response.
  await ada.read('/as/fields');
  await ada.read('/as/fields');
  const text = async (path: string, client = ada) => (await client.read(path)).text;
  return { ...app, clock, ada, old, text };
}

describe('a field that is elevated', () => {
  it.each<[string, string, string, string]>([
    ['get()', '/get', 'admin', 'undefined'],
    ["@Session('x')", '/as/parameter', 'admin', 'undefined'],
    ['a path', '/as/path', 'Ulm', 'undefined'],
    ["@RequireSession('x')", '/as/guarded', 'in', 'session_forbidden'],
    ['fields', '/as/fields', 'theme,role,profile', 'theme'],
    ['req.session', '/property', 'admin true cookie,theme,role,profile', 'undefined false cookie,theme'],
    ['an update()', '/draft', 'admin theme,role,profile', 'undefined theme'],
  ])('is read by %s until its time is up, and is absent then', async (_how, path, during, after) => {
    const { text, clock } = await elevated();
    clock.advance(5 * MINUTE - 1);
    expect(await text(path)).toContain(during);
    clock.advance(1);
    expect(await text(path)).toContain(after);
    expect(await text(path)).not.toContain(during);
  });

  it.each<[string, () => Partial<SessionOptions>]>([
    ['a cookie', () => ({ store: new SealedCookieStore() })],
    ["a store of express-session's", () => ({ store: new session.MemoryStore() })],
    ['a store, loaded lazily', () => ({ load: 'lazy' })],
  ])('falls away where the session lives in %s', async (_kind, optionsOf) => {
    const { text, clock } = await elevated(optionsOf());
    expect(await text('/as/parameter')).toBe('admin');
    clock.advance(5 * MINUTE);
    expect([await text('/as/parameter'), await text('/as/fields'), await text('/draft')]).toEqual([
      'undefined',
      'theme',
      'undefined theme',
    ]);
  });

  it('is shown by the registry until its time is up', async () => {
    const { app, ada, text, clock } = await elevated(
      { registry: true },
      {
        handle: ({ sessions }) => sessions.handle,
      },
    );
    const registry = app.get(SessionRegistry);
    const handle = await text('/handle');
    expect(await registry.get('ada', handle)).toMatchObject({ role: 'admin', theme: 'dark' });
    clock.advance(5 * MINUTE);
    expect(await registry.get('ada', handle)).toEqual({ theme: 'dark' });
    expect(ada.cookies.size).toBe(1);
  });

  it('is not shown by req.sessionStore, nor made permanent or lost by it', async () => {
    const { text, clock, store } = await elevated(
      {},
      {
        copy: ({ req }) =>
          new Promise((resolve) => {
            req.sessionStore.get(req.sessionID, (_error, data) => {
              const shown = Object.keys(data ?? {}).join();
              const changed = { ...data, count: 1 } as never;
              clock.advance(req.query['late'] === undefined ? 0 : 5 * MINUTE);
              req.sessionStore.set(req.sessionID, changed, () => resolve(shown));
            });
          }),
        touch: ({ req }) =>
          new Promise((resolve) => {
            const done = (error?: unknown) => resolve(error ? 'failed' : 'touched');
            Reflect.apply(req.sessionStore.touch ?? done, req.sessionStore, [req.sessionID, {}, done]);
          }),
      },
    );
    expect(await text('/copy')).toBe('cookie,theme');
    expect(await text('/property')).toBe('admin true cookie,theme,role,profile,count');
    const touches = store.count('touch');
    expect(await text('/touch')).toBe('touched');
    expect(store.count('touch')).toBe(touches + 1);
    expect(await text('/copy?late')).toBe('cookie,theme,count');
    expect([await text('/as/fields'), await text('/get')]).toEqual(['theme,count', 'undefined']);
  });

  it('P5 falls away without a write; the next write removes it from what is stored', async () => {
    const { text, clock, store } = await elevated();
    clock.advance(5 * MINUTE);
    const { writes } = store;
    for (const path of ['/get', '/as/fields', '/property', '/draft']) {
      await text(path);
    }
    expect(store.writes).toBe(writes);
    expect(store.stored).toContainEqual(expect.objectContaining({ role: 'admin' }));
    await text('/other');
    expect(store.writes).toBe(writes + 1);
    expect(store.records.filter(({ next }) => next === undefined)).toEqual([
      expect.objectContaining({
        fields: '{"theme":"dark","count":1}',
        meta: expect.not.stringContaining('elevated'),
      }),
    ]);
  });

  it('set as a plain one once its time is up is permanent', async () => {
    const { text, clock } = await elevated();
    clock.advance(5 * MINUTE);
    await text('/plain');
    clock.advance(20 * MINUTE);
    expect(await text('/get')).toBe('admin');
    expect(await text('/draft')).toBe('admin theme,role');
  });

  it('that is changed meanwhile falls away at its time all the same', async () => {
    const { text, clock } = await elevated();
    await text('/lower');
    expect(await text('/get')).toBe('editor');
    clock.advance(5 * MINUTE);
    expect(await text('/get')).toBe('undefined');
  });

  it('that is deleted is no elevated one any more', async () => {
    const { text, clock } = await elevated();
    await text('/drop');
    await text('/plain');
    clock.advance(5 * MINUTE);
    expect(await text('/get')).toBe('admin');
    expect(await text('/as/fields')).toBe('theme,role');
  });

  it('lasts longer when it is elevated again; one that is not stays as it was', async () => {
    const again: Script = ({ sessions }) => sessions.confirm({ elevate: { role: 'owner' }, for: '5m' });
    const { text, clock } = await elevated({}, { again });
    clock.advance(4 * MINUTE);
    await text('/again');
    clock.advance(MINUTE);
    expect([await text('/get'), await text('/as/path')]).toEqual(['owner', 'undefined']);
    clock.advance(4 * MINUTE);
    expect(await text('/get')).toBe('undefined');
  });

  it('stays when its user confirms once more without it', async () => {
    const { text, clock } = await elevated();
    await text('/confirm');
    expect(await text('/get')).toBe('admin');
    clock.advance(5 * MINUTE);
    expect(await text('/get')).toBe('undefined');
  });

  it('lasts for ten minutes where nothing else is said', async () => {
    const again: Script = ({ sessions }) => sessions.confirm({ elevate: { role: 'owner' } });
    const { text, clock } = await elevated({}, { again });
    await text('/again');
    clock.advance(10 * MINUTE - 1);
    expect(await text('/get')).toBe('owner');
    clock.advance(1);
    expect(await text('/get')).toBe('undefined');
  });

  it.each(['/keep', '/regenerate'])('does not come along by keep: %s', async (path) => {
    const { text } = await elevated();
    await text(path);
    expect([await text('/get'), await text('/as/fields')]).toEqual(['undefined', 'theme']);
  });

  it('comes along by keep when it is a plain one since its time was up', async () => {
    const { text, clock } = await elevated();
    clock.advance(5 * MINUTE);
    await text('/plain-keep');
    expect(await text('/get')).toBe('admin');
  });

  it('is not seen by who brings the token from before, and not destroyed by what they write', async () => {
    const { text, old } = await elevated();
    expect([await text('/get', old), await text('/as/fields', old)]).toEqual(['undefined', 'theme']);
    await text('/other', old);
    expect(await text('/draft', old)).toBe('undefined theme,count');
    expect(await text('/as/fields')).toBe('theme,role,profile,count');
  });

  it.each<[string, object, string]>([
    ['a name of the session object', { cookie: true }, 'session_reserved_field'],
    ['what JSON cannot hold', { odd: 1n }, 'session_not_serializable'],
    ['too much', { odd: 'x'.repeat(300_000) }, 'session_too_large'],
  ])('cannot be %s: nothing has changed then', async (_what, elevate, code) => {
    const { text, store, ada } = await elevated(
      {},
      {
        async bad({ sessions }) {
          const error = await failure(() => sessions.confirm({ elevate: { ...elevate, user: 'x' } }));
          return `${String(Reflect.get(Object(error), 'code'))} ${Object.keys(sessions.fields).join()}`;
        },
      },
    );
    const before = JSON.stringify(store.records);
    const { cookie } = ada;
    expect(await text('/bad')).toBe(`${code} theme,role,profile`);
    expect([JSON.stringify(store.records), ada.cookie]).toEqual([before, cookie]);
  });

  it.each([0, -1, Number.NaN, 'soon'])('cannot last for %j', async (span) => {
    const { text } = await elevated(
      {},
      {
        bad: ({ sessions }) => sessions.confirm({ elevate: { user: 'x' }, for: span }),
      },
    );
    expect(await text('/bad')).toContain('session_invalid_lifetime');
    expect(await text('/as/fields')).toBe('theme,role,profile');
  });

  it('of undefined is none', async () => {
    const { text, store } = await elevated(
      {},
      {
        none: ({ sessions }) => sessions.confirm({ elevate: { role: undefined as never } }),
      },
    );
    await text('/none');
    expect(await text('/as/fields')).toBe('theme,profile');
    expect(store.records.map(({ meta }) => meta).join()).not.toContain('"role"');
  });

  it('is judged again by reload()', async () => {
    const clock = fakeClock();
    const { text } = await elevated(
      { clock },
      {
        async stream({ sessions }) {
          const before = sessions.get('role');
          clock.advance(5 * MINUTE);
          const during = sessions.get('role');
          await sessions.reload();
          return `${String(before)} ${String(during)} ${String(sessions.get('role'))}`;
        },
      },
    );
    expect(await text('/stream')).toBe('admin admin undefined');
  });
});
