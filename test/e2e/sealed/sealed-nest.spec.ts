import { Controller, Get, Inject, Injectable, UseGuards } from '@nestjs/common';
import {
  AuthGuard,
  RequireSession,
  Session,
  SessionModule,
  SessionStore,
  StoreSetupError,
} from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { describe, expect, it } from 'vitest';
import { nestApp, type Script, SECRET } from '../../support/nest-app.js';
import { sealOf, WatchedSeal } from './watched-seal.js';

const SCRIPTS: Record<string, Script> = {
  cart: ({ sessions }) => sessions.set('cart', ['tea']),
  login: ({ sessions, req }) =>
    sessions.login('ada', {
      data: { user: 'Ada', role: String(req.query['role'] ?? 'user') },
      keep: ['cart'],
    }),
  heavy: ({ sessions }) => sessions.login('eve', { data: { theme: 'x'.repeat(4_000) } }),
  logout: ({ sessions }) => sessions.logout(),
  show: ({ sessions }) => ({ ...sessions.fields, principal: sessions.principal ?? null }),
  handle: ({ sessions }) => [sessions.handle, sessions.isNew],
  update: ({ sessions }) => sessions.update((draft) => (draft.count = (draft.count ?? 0) + 1)),
  change: ({ sessions }) => sessions.set('theme', 'dark'),
};

@Controller('guarded')
class Guarded {
  @Get('me')
  @UseGuards(AuthGuard)
  me(@Session('user') user: string): string {
    return user;
  }

  @Get('admin')
  @RequireSession({ role: 'admin' })
  admin(): string {
    return 'secrets';
  }
}

const sealedApp = (store = new SealedCookieStore()) =>
  nestApp({ options: { store }, controllers: [Guarded], scripts: SCRIPTS });

describe('sessions in their cookie, in a Nest application', () => {
  it('P9 login() begins a session with what it is given and keeps what it is told to', async () => {
    const app = await sealedApp();
    const client = app.client();
    await client.read('/cart');
    const before = sealOf(client);
    await client.read('/login');
    expect(JSON.parse((await client.read('/show')).text)).toEqual({
      cart: ['tea'],
      user: 'Ada',
      role: 'user',
      principal: 'ada',
    });
    expect(sealOf(client)).not.toBe(before);
    expect(app.store.calls).toEqual([]);
  });

  it('guards know it', async () => {
    const app = await sealedApp();
    const client = app.client();
    expect((await client.read('/guarded/me')).status).toBe(401);
    await client.read('/login');
    expect(await client.read('/guarded/me')).toEqual({ status: 200, text: 'Ada' });
    expect((await client.read('/guarded/admin')).status).toBe(403);
    await client.read('/login?role=admin');
    expect(await client.read('/guarded/admin')).toEqual({ status: 200, text: 'secrets' });
    await client.read('/logout');
    expect(client.cookie).toBe('');
    expect((await client.read('/guarded/me')).status).toBe(401);
  });

  it('a handle names it, the same after each change, another one after a login', async () => {
    const app = await sealedApp();
    const client = app.client();
    const handle = async () => JSON.parse((await client.read('/handle')).text) as unknown[];
    expect(await handle()).toEqual([null, true]);
    await client.read('/login');
    const first = await handle();
    expect(first).toEqual([expect.stringMatching(/^[\w-]{16}$/), false]);
    await client.read('/change');
    expect(await handle()).toEqual(first);
    expect(sealOf(client)).not.toContain(first[0]);
    await client.read('/login');
    expect(await handle()).not.toEqual(first);
  });

  it('update() works on the copy of the request', async () => {
    const app = await sealedApp();
    const client = app.client();
    await client.read('/login');
    expect([(await client.read('/update')).text, (await client.read('/update')).text]).toEqual(['1', '2']);
  });

  it('P9 a login that does not fit into a cookie logs nobody in, and the session before is as it was', async () => {
    const app = await sealedApp();
    const client = app.client();
    await client.read('/login');
    const before = sealOf(client);
    const answer = await client.fetch('/heavy');
    expect([answer.status, await answer.json()]).toEqual([
      500,
      { statusCode: 500, code: 'session_too_large', message: 'The session could not be used.' },
    ]);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(sealOf(client)).toBe(before);
    expect(JSON.parse((await client.read('/show')).text)).toMatchObject({ principal: 'ada' });
  });

  it('P5 a route that does not use its session opens nothing, with load: lazy', async () => {
    const store = new WatchedSeal();
    const app = await nestApp({
      options: { store, load: 'lazy' },
      scripts: { ...SCRIPTS, plain: () => 'plain' },
    });
    const client = app.client();
    await client.read('/login');
    store.calls.length = 0;
    expect((await client.read('/plain')).text).toBe('plain');
    expect(store.calls).toEqual([]);
  });

  it('SessionStore can be injected and says that there is none', async () => {
    @Injectable()
    class Looks {
      constructor(@Inject(SessionStore) readonly store: SessionStore) {}
    }
    const app = await nestApp({ options: { store: new SealedCookieStore() }, providers: [Looks] });
    const { store } = app.app.get(Looks);
    const message = 'needs a store, and these sessions live in their own cookie';
    const id = 'id' as Parameters<SessionStore['read']>[0];
    await expect(store.read(id)).rejects.toThrow(`SessionStore.read() ${message}`);
    await expect(store.remove(id)).rejects.toThrow(`SessionStore.remove() ${message}`);
    await expect(store.readMany([id])).rejects.toThrow(`SessionStore.readMany() ${message}`);
  });

  it('comes from forRootAsync as any store does, and requireStoreAtBoot has nothing to wait for', async () => {
    const sessionModule = SessionModule.forRootAsync({
      useFactory: () => ({ secret: SECRET, store: new SealedCookieStore(), requireStoreAtBoot: true }),
    });
    const app = await nestApp({ sessionModule, scripts: SCRIPTS });
    const client = app.client();
    await client.read('/login');
    expect(JSON.parse((await client.read('/show')).text)).toMatchObject({ user: 'Ada' });
  });

  it('P11 does not start when it cannot get ready', async () => {
    class Unready extends WatchedSeal {
      override sealer(...args: Parameters<WatchedSeal['sealer']>): ReturnType<WatchedSeal['sealer']> {
        const problem = new StoreSetupError('jose is missing.', 'Install it.');
        return { ...super.sealer(...args), open: () => Promise.reject(problem) };
      }
    }
    await expect(nestApp({ options: { store: new Unready() } })).rejects.toThrow(
      'jose is missing. Install it.',
    );
  });
});
