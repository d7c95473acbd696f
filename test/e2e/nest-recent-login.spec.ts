import { Controller, Get, Post, type Type, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import {
  AuthGuard,
  MemorySessionStore,
  Public,
  RecentLogin,
  RecentLoginGuard,
  RequireSession,
  type SessionOptions,
  SessionService,
} from 'nest-sessions';
import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import { Browser } from '../support/browser.js';
import { nestApp, type Script } from '../support/nest-app.js';
import { plainRequest } from '../support/plain-request.js';
import { thrownBy } from '../support/thrown-by.js';

const MINUTE = 60_000;
const HTML = { accept: 'text/html' };
const predicates: string[] = [];

@RecentLogin('10m')
@Controller()
class Vault {
  @Get('by-class')
  byClass() {
    return 'vault';
  }

  @RecentLogin('1h')
  @Get('longer')
  longer() {}

  @RecentLogin(60_000)
  @Get('shorter')
  shorter() {}

  @Public()
  @Get('open')
  open() {}

  @Public()
  @RecentLogin('10m')
  @Get('both')
  both() {}

  @RequireSession({ role: 'admin' })
  @Get('role')
  role() {}

  @RequireSession(() => predicates.push('judged') > 0)
  @UseGuards(AuthGuard)
  @Get('predicate')
  predicate() {}

  @Post('by-class')
  change() {}
}

@Public()
@Controller('public')
class PublicRooms {
  @Get('open')
  open() {}

  @RecentLogin('10m')
  @Get('vault')
  vault() {}
}

@Public()
@RecentLogin('10m')
@Controller('both')
class Both {
  @Get('vault')
  vault() {}
}

@Public()
@Controller()
class Doors {
  constructor(private readonly sessions: SessionService) {}

  @Get('login')
  login(): Promise<void> {
    return this.sessions.login('ada', { data: { role: 'admin' } });
  }

  @Get('guest')
  guest(): Promise<void> {
    return this.sessions.login('bob');
  }
}

const scripts: Record<string, Script> = {
  user: ({ sessions }) => sessions.set('user', 'ada'),
  anonymous: ({ sessions }) => sessions.set('cart', []),
  confirm: ({ sessions }) => sessions.confirm(),
  back: async ({ sessions, res }) => {
    await sessions.confirm();
    res.redirect(303, sessions.takeReturnTo('/nowhere'));
  },
};

async function vault(options: Partial<SessionOptions> = {}, appGuard?: Type) {
  const clock = fakeClock();
  const app = await nestApp({
    controllers: [Doors, Vault, PublicRooms, Both],
    scripts,
    options: { clock, store: new MemorySessionStore({ clock }), idleTimeout: '6h', ...options },
    providers: appGuard === undefined ? [] : [{ provide: APP_GUARD, useClass: appGuard }],
  });
  return { ...app, clock };
}

const code = (text: string): unknown => (text === '' ? undefined : JSON.parse(text).code);

describe.each([
  ['eager', { load: 'eager' }],
  ['lazy', { load: 'lazy' }],
] as const)('@RecentLogin() with a session that is loaded %s', (_load, options) => {
  it('lets through who logged in within the time, to the millisecond', async () => {
    const { client, clock } = await vault(options);
    const ada = client();
    await ada.read('/login');
    clock.advance(10 * MINUTE);
    expect(await ada.read('/by-class')).toEqual({ status: 200, text: 'vault' });
    clock.advance(1);
    const { status, text } = await ada.read('/by-class');
    expect([status, code(text)]).toEqual([403, 'session_recent_login_required']);
  });

  it('lets through again who confirmed', async () => {
    const { client, clock } = await vault(options);
    const ada = client();
    await ada.read('/login');
    clock.advance(11 * MINUTE);
    expect(await ada.read('/by-class')).toMatchObject({ status: 403 });
    await ada.read('/confirm');
    expect(await ada.read('/by-class')).toMatchObject({ status: 200 });
  });

  it('answers nobody logged in with 401, as AuthGuard does', async () => {
    const { client } = await vault(options);
    const nobody = client();
    expect(code((await nobody.read('/by-class')).text)).toBe('session_required');
    await nobody.read('/anonymous');
    expect(await nobody.read('/by-class')).toMatchObject({ status: 401 });
    // To confirm is no login.
    await nobody.read('/confirm');
    expect(await nobody.read('/by-class')).toMatchObject({ status: 401 });
  });
});

describe('@RecentLogin()', () => {
  it('does not hold for somebody of whom it is not known', async () => {
    const other = await vault({ auth: { require: 'cart' } });
    const guest = other.client();
    await guest.read('/anonymous');
    expect(code((await guest.read('/by-class')).text)).toBe('session_recent_login_required');
  });

  it('holds for somebody whom older code puts into a session, new or not', async () => {
    const { client } = await vault({ auth: { principal: ({ user }) => user as string | undefined } });
    const [ada, eve] = [client(), client()];
    await ada.read('/anonymous');
    for (const one of [ada, eve]) {
      await one.read('/user');
      expect(await one.read('/by-class')).toMatchObject({ status: 200 });
    }
  });

  it('does not hold where the clock was set back by more than the time', async () => {
    const { client, clock } = await vault();
    const ada = client();
    await ada.read('/login');
    clock.advance(-10 * MINUTE);
    expect(await ada.read('/by-class')).toMatchObject({ status: 200 });
    clock.advance(-1);
    expect(await ada.read('/by-class')).toMatchObject({ status: 403 });
  });

  it('asks by the method rather than by the class', async () => {
    const { client, clock } = await vault();
    const ada = client();
    await ada.read('/login');
    clock.advance(2 * MINUTE);
    const status = async (path: string) => (await ada.read(path)).status;
    expect([await status('/shorter'), await status('/by-class'), await status('/longer')]).toEqual([
      403, 200, 200,
    ]);
    clock.advance(20 * MINUTE);
    expect([await status('/by-class'), await status('/longer')]).toEqual([403, 200]);
  });

  it.each<[string, Type | undefined]>([
    ['alone', undefined],
    ['with AuthGuard as APP_GUARD', AuthGuard],
    ['with itself as APP_GUARD', RecentLoginGuard],
  ])('goes with @Public() and @RequireSession(), %s', async (_name, appGuard) => {
    const { client, clock, url } = await vault({}, appGuard);
    const nobody = client();
    const status = async (path: string) => (await nobody.read(path)).status;
    expect([await status('/open'), await status('/public/open')]).toEqual([200, 200]);
    expect([await status('/both'), await status('/public/vault'), await status('/both/vault')]).toEqual([
      401, 401, 401,
    ]);
    const bob = client();
    await bob.read('/guest');
    expect(code((await bob.read('/role')).text)).toBe('session_forbidden');
    const ada = client();
    await ada.read('/login');
    expect(await ada.read('/role')).toMatchObject({ status: 200 });
    predicates.length = 0;
    expect(await ada.read('/predicate')).toMatchObject({ status: 200 });
    expect(predicates).toEqual(['judged']);
    clock.advance(11 * MINUTE);
    for (const path of ['/role', '/predicate', '/both', '/public/vault', '/both/vault']) {
      expect([path, code((await ada.read(path)).text)]).toEqual([path, 'session_recent_login_required']);
    }
    expect(code((await bob.read('/role')).text)).toBe('session_forbidden');
    expect((await plainRequest(`${url}/by-class`)).headers['cache-control']).toBe('no-store');
  });

  it.each([0, -1, Number.NaN, 'soon', '', '-5m', Number.POSITIVE_INFINITY])(
    'refuses %j where it is applied',
    (window) => {
      const error = thrownBy(() => RecentLogin(window));
      expect(error).toMatchObject({
        name: 'SessionError',
        code: 'session_invalid_lifetime',
        message: expect.stringMatching(/@RecentLogin\(\).*'30m'/),
      });
    },
  );

  it('is what RecentLoginGuard needs: alone it says so and lets nobody through', async () => {
    @UseGuards(RecentLoginGuard)
    @Controller('alone')
    class Alone {
      @Get()
      get() {}
    }
    const { client } = await nestApp({ controllers: [Doors, Alone] });
    const ada = client();
    await ada.read('/login');
    expect(await ada.read('/alone')).toMatchObject({ status: 500 });
  });
});

describe('auth.confirmUrl', () => {
  const auth = { loginUrl: '/login-page', confirmUrl: '/by-class?confirm' };

  async function stale(options: SessionOptions['auth'] = { confirmUrl: '/confirm-page' }) {
    const parts = await vault({ auth: options });
    const ada = parts.client();
    await ada.read('/login');
    parts.clock.advance(11 * MINUTE);
    const ask = (path: string, headers: Record<string, string>, method = 'GET') =>
      plainRequest(parts.url + path, { method, headers: { ...headers, cookie: ada.cookie } });
    return { ...parts, ada, ask };
  }

  it('is where a page load is sent', async () => {
    const { ask } = await stale();
    const { status, headers, text } = await ask('/by-class', HTML);
    expect([status, headers.location, headers['cache-control']]).toEqual([303, '/confirm-page', 'no-store']);
    expect(code(text)).toBe('session_recent_login_required');
    expect(headers['set-cookie']).toEqual([expect.stringMatching(/^sid\.return=/)]);
  });

  it('is not where any other client is sent', async () => {
    const { ask } = await stale();
    for (const [headers, method] of [
      [{ accept: 'application/json' }, 'GET'],
      [HTML, 'POST'],
    ] as const) {
      const answer = await ask('/by-class', headers, method);
      expect([answer.status, code(answer.text)]).toEqual([403, 'session_recent_login_required']);
      expect(answer.headers.location).toBeUndefined();
    }
  });

  it('is not remembered from a HEAD', async () => {
    const { ask } = await stale();
    const { status, headers } = await ask('/by-class', HTML, 'HEAD');
    expect([status, headers.location, headers['set-cookie']]).toEqual([303, '/confirm-page', undefined]);
  });

  it('never sends to the page it stands on', async () => {
    const { ask } = await stale(auth);
    expect(await ask('/by-class', HTML)).toMatchObject({ status: 403 });
    expect(await ask('/longer?confirm', HTML)).toMatchObject({ status: 200 });
    expect(await ask('/shorter', HTML)).toMatchObject({ status: 303 });
  });

  it('is for who is logged in; nobody is sent to the login page', async () => {
    const { url } = await stale(auth);
    expect((await plainRequest(`${url}/shorter`, { headers: HTML })).headers.location).toBe('/login-page');
  });

  it('remembers nothing with returnTo: false', async () => {
    const { ask } = await stale({ confirmUrl: '/confirm-page', returnTo: false });
    expect((await ask('/by-class', HTML)).headers['set-cookie']).toBeUndefined();
  });

  it('leads back to the page that was asked for', async () => {
    const { url, clock } = await vault({ auth: { confirmUrl: '/open?confirm' } });
    const browser = new Browser(url);
    await browser.open('/login');
    clock.advance(11 * MINUTE);
    expect(await browser.open('/by-class?tab=2')).toMatchObject({ status: 200, address: '/open?confirm' });
    expect(await browser.submit('/back')).toEqual({ status: 200, text: 'vault', address: '/by-class?tab=2' });
  });
});
