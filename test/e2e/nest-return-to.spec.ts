import { type ArgumentsHost, Catch, Controller, Get, UseGuards } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Response } from 'express';
import { AuthGuard, LoginRedirectException, type RequestSession } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { describe, expect, it, vi } from 'vitest';
import { plainRequest } from '../support/plain-request.js';
import { returnApp } from '../support/return-app.js';

const MINUTE = 60_000;
const PAGE_LOAD = { 'sec-fetch-mode': 'navigate' };

describe('the page that was asked for before the login', () => {
  it.each([
    ['a path', '/admin'],
    ['with its query', '/orders/7?state=open&sort=-date'],
    ['in any script', '/gr%C3%B6%C3%9Fe/%E6%9D%B1%E4%BA%AC?q=%E2%82%AC%20%26'],
    ['the first page', '/?tab=2'],
    ['the longest', `/${'a'.repeat(2_047)}`],
  ])('is where the login leads: %s', async (_what, page) => {
    const { browser } = await returnApp();
    expect(await browser.open(page)).toMatchObject({ address: '/login', text: 'Who are you?' });
    expect(await browser.submit('/login')).toEqual({
      status: 200,
      address: page,
      text: `This is ${page}`,
    });
  });

  it('is given once', async () => {
    const { browser } = await returnApp();
    await browser.open('/admin');
    await browser.submit('/login');
    expect(browser.cookiesFor('/').map((one) => one.split('=')[0])).toEqual(['sid']);
    await browser.submit('/logout');
    expect(await browser.submit('/login?fallback=/home')).toMatchObject({ address: '/home' });
  });

  it('is given once to those who ask twice in one request', async () => {
    const { browser } = await returnApp();
    await browser.open('/admin');
    expect((await browser.submit('/twice')).text).toBe('["/admin","/second"]');
  });

  it('of two tabs is the last one', async () => {
    const { browser } = await returnApp();
    await browser.open('/one');
    await browser.open('/two');
    expect(await browser.submit('/login')).toMatchObject({ address: '/two' });
  });

  it('is the first page when nobody asked for any', async () => {
    const { browser } = await returnApp();
    expect(await browser.submit('/login')).toMatchObject({ address: '/' });
  });

  it('costs an anonymous visitor no call of the store, no session and no session cookie', async () => {
    const { browser, store } = await returnApp();
    await browser.open('/admin');
    expect(browser.cookiesFor('/')).toEqual([expect.stringMatching(/^sid\.return=/)]);
    await browser.open('/admin');
    expect((await browser.submit('/twice')).text).toContain('/admin');
    expect(store.calls).toEqual([]);
  });

  it('is that of a page load by GET only', async () => {
    const { url } = await returnApp();
    const cookies = async (method: string, headers: Record<string, string>) =>
      (await plainRequest(`${url}/admin`, { method, headers })).headers['set-cookie'];
    expect(await cookies('GET', PAGE_LOAD)).toHaveLength(1);
    expect(await cookies('HEAD', PAGE_LOAD)).toBeUndefined();
    expect(await cookies('POST', PAGE_LOAD)).toBeUndefined();
    expect(await cookies('GET', { 'sec-fetch-mode': 'cors' })).toBeUndefined();
  });

  it.each<[string, Record<string, string>]>([
    ['is fetched on suspicion', { 'sec-purpose': 'prefetch;prerender' }],
    ['is fetched on suspicion by an older browser', { purpose: 'prefetch' }],
    ['is shown inside another', { 'sec-fetch-dest': 'iframe' }],
    ['is a part of another', { 'sec-fetch-dest': 'embed' }],
  ])('stays the one before when a page %s', async (_how, headers) => {
    const { url } = await returnApp();
    const cookies = async (path: string, more: Record<string, string> = {}) =>
      (await plainRequest(url + path, { headers: { ...PAGE_LOAD, ...more } })).headers['set-cookie'];
    expect(await cookies('/admin', headers)).toBeUndefined();
    // It is no page that cannot be remembered, either.
    expect(await cookies(`/${'a'.repeat(2_048)}`, { cookie: 'sid.return=x', ...headers })).toBeUndefined();
    expect(await cookies('/admin', { 'sec-fetch-dest': 'document' })).toHaveLength(1);
  });

  it('is forgotten for one that cannot be remembered', async () => {
    const { browser } = await returnApp();
    await browser.open('/admin');
    await browser.open(`/${'a'.repeat(2_048)}`);
    expect(browser.cookiesFor('/')).toEqual([]);
    expect(await browser.submit('/login')).toMatchObject({ address: '/' });
  });

  it.each([
    ['lazily loaded sessions', { load: 'lazy' as const }],
    ['sessions that live in their cookie', { store: new SealedCookieStore() }],
    ['another name', { name: 'shop' }],
    ['a login page written out in full', { auth: { loginUrl: 'http://127.0.0.1:1/login' } }],
  ])('goes with %s', async (_what, options) => {
    const { browser } = await returnApp(options);
    await browser.open('/admin?tab=2');
    expect(await browser.submit('/login')).toMatchObject({ status: 200, address: '/admin?tab=2' });
  });

  it('is remembered whatever a filter makes of the redirect', async () => {
    @Catch(LoginRedirectException)
    class ToLogin extends BaseExceptionFilter {
      override catch({ location }: LoginRedirectException, host: ArgumentsHost): void {
        host.switchToHttp().getResponse<Response>().cookie('seen', '1').redirect(302, `${location}?filtered`);
      }
    }
    const { browser } = await returnApp({ setUp: (app) => app.useGlobalFilters(new ToLogin()) });
    expect(await browser.open('/admin')).toMatchObject({ address: '/login?filtered' });
    expect(browser.cookiesFor('/')).toHaveLength(2);
    expect(await browser.submit('/login')).toMatchObject({ address: '/admin' });
  });

  it('stays remembered when the login cannot be stored', async () => {
    const { browser, store } = await returnApp();
    await browser.open('/admin');
    store.failNext('create');
    expect(await browser.submit('/login')).toMatchObject({ status: 503 });
    expect(await browser.submit('/login')).toMatchObject({ address: '/admin' });
  });

  it('stays remembered when the response that took it could not be stored', async () => {
    const { browser, store } = await returnApp();
    await browser.open('/admin');
    store.failNext('create');
    expect(await browser.submit('/store')).toMatchObject({ status: 503 });
    expect(await browser.submit('/store')).toMatchObject({ status: 201, text: '/admin' });
    expect(await browser.submit('/store')).toMatchObject({ status: 201, text: '/' });
  });

  it('may be remembered by a guard of your own, with returnTo: true where there is no loginUrl', async () => {
    class StaffGuard extends AuthGuard {
      protected override unauthenticated({ res, returnTo }: RequestSession): Error {
        returnTo.remember();
        res.setHeader('Location', '/login');
        return new LoginRedirectException('/login');
      }
    }
    @UseGuards(StaffGuard)
    @Controller('staff')
    class Staff {
      @Get()
      show(): string {
        return 'the staff';
      }
    }
    const on = await returnApp({ controllers: [Staff], auth: { returnTo: true } });
    await on.browser.open('/staff?all');
    expect(await on.browser.submit('/login')).toMatchObject({ address: '/staff?all', text: 'the staff' });
    const off = await returnApp({ controllers: [Staff], auth: {} });
    await off.browser.open('/staff?all');
    expect(off.browser.cookiesFor('/')).toEqual([]);
  });

  it('is not remembered with returnTo: false, and one that was is not given', async () => {
    const [on, off] = [await returnApp(), await returnApp({ auth: { loginUrl: '/login', returnTo: false } })];
    await off.browser.open('/admin');
    expect(off.browser.cookiesFor('/')).toEqual([]);
    await on.browser.open('/admin');
    on.browser.url = off.url;
    expect(await on.browser.submit('/login?fallback=/home')).toMatchObject({ address: '/home' });
  });
});

describe('the cookie of the page', () => {
  const SHORT_LIVED = '; Max-Age=600; Path=/; HttpOnly';

  async function lines(
    options: Parameters<typeof returnApp>[0],
    headers: Record<string, string> = {},
  ): Promise<string[]> {
    const { url } = await returnApp(options);
    const { headers: answered } = await plainRequest(`${url}/admin`, {
      headers: { ...PAGE_LOAD, ...headers },
    });
    expect([answered.location, answered['cache-control']]).toEqual(['/login', 'no-store']);
    return (answered['set-cookie'] ?? []).map((line) => line.replace(/=[^;]*/, '=…'));
  }

  it('is short-lived and out of reach of scripts and other sites', async () => {
    expect(await lines({})).toEqual([`sid.return=…${SHORT_LIVED}; SameSite=Lax`]);
  });

  it('keeps to what the name promises in production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    try {
      const overTls = { 'x-forwarded-proto': 'https' };
      expect(await lines({ proxy: true }, overTls)).toEqual([
        `__Host-sid.return=…${SHORT_LIVED}; Secure; SameSite=Lax`,
      ]);
      // As the session cookie, which a browser would not take over plain http.
      expect(await lines({ proxy: true })).toEqual([]);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('is of this host and Lax, whatever the session cookie is, so that a login elsewhere can lead back', async () => {
    const cookie = { domain: 'example.com', sameSite: 'strict' as const, httpOnly: false, maxAge: MINUTE };
    expect(await lines({ cookie })).toEqual([`sid.return=…${SHORT_LIVED}; SameSite=Lax`]);
  });

  it('is taken away with the same name and path', async () => {
    const { url, browser } = await returnApp();
    await browser.open('/admin');
    const { headers } = await plainRequest(`${url}/twice`, {
      method: 'POST',
      headers: { cookie: browser.cookiesFor('/').join() },
    });
    expect(headers['set-cookie']).toEqual([
      'sid.return=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax',
    ]);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', vary: expect.stringContaining('Cookie') });
  });

  it('is not taken away from somebody who has none; the answer depends on it all the same', async () => {
    const { url } = await returnApp();
    const { headers } = await plainRequest(`${url}/twice`, { method: 'POST' });
    expect(headers['set-cookie']).toBeUndefined();
    expect(headers.vary).toContain('Cookie');
  });

  it('fits into what browsers keep, with the longest page', async () => {
    const { browser } = await returnApp();
    await browser.open(`/${'a'.repeat(2_047)}`);
    expect(browser.cookiesFor('/').join().length).toBeLessThan(3_000);
  });
});

describe('the fallback', () => {
  it.each([
    ['/home?tab=2', '/home?tab=2'],
    ['//evil.example', '/'],
    ['https://evil.example', '/'],
    ['/\\evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['/a\r\nSet-Cookie: b=c', '/'],
  ])('%j leads to %s', async (fallback, page) => {
    const { browser } = await returnApp();
    const shown = await browser.submit(`/login?${new URLSearchParams({ fallback }).toString()}`);
    expect(shown).toMatchObject({ status: 200, address: page });
  });

  it('that is no page of the application is said once in the log', async () => {
    const { browser, log } = await returnApp();
    await browser.submit('/login?fallback=//evil.example');
    await browser.submit('/login?fallback=//evil.example');
    const lines = log.warnings.filter(({ message }) => message.includes('takeReturnTo()'));
    expect(lines).toHaveLength(1);
    expect(lines[0]?.message).not.toContain('evil');
  });
});
