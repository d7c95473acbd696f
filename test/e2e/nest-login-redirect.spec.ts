import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  Get,
  Post,
  UseGuards,
} from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Response } from 'express';
import { AuthGuard, LoginRedirectException, RequireSession } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { nestApp, type Script } from '../support/nest-app.js';
import { type PlainAnswer, plainRequest } from '../support/plain-request.js';

@UseGuards(AuthGuard)
@Controller()
class Pages {
  @Get('admin')
  admin() {
    return 'admin';
  }

  @Post('admin')
  change() {
    return 'changed';
  }

  @Get('login')
  login() {
    return 'the login page that somebody guarded by mistake';
  }

  @RequireSession({ role: 'admin' })
  @Get('roles')
  roles() {
    return 'roles';
  }
}

const begin: Script = ({ sessions }) => sessions.login('ada');
const HTML = 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8';

async function answers(
  loginUrl: string | undefined,
  path: string,
  request: { method?: string; headers: Record<string, string> },
): Promise<PlainAnswer> {
  const auth = loginUrl === undefined ? {} : { loginUrl };
  const { url } = await nestApp({ controllers: [Pages], options: { auth } });
  return plainRequest(url + path, request);
}

describe('auth.loginUrl', () => {
  it.each<[string, string, Record<string, string>]>([
    ['GET', 'that a browser says is a page load', { 'sec-fetch-mode': 'navigate', accept: HTML }],
    ['GET', 'that a browser says is a page load, whatever it accepts', { 'sec-fetch-mode': 'navigate' }],
    ['HEAD', 'that a browser says is a page load', { 'sec-fetch-mode': 'navigate' }],
    ['GET', 'over plain http that accepts HTML', { accept: HTML }],
    ['HEAD', 'over plain http that accepts HTML', { accept: 'TEXT/HTML' }],
  ])('sends a %s %s there by 303', async (method, _what, headers) => {
    const { status, headers: answered } = await answers('/login?from=guard', '/admin', { method, headers });
    expect([status, answered.location]).toEqual([303, '/login?from=guard']);
    expect(answered['cache-control']).toBe('no-store');
  });

  it.each<[string, string, Record<string, string>]>([
    ['GET', 'of a script', { 'sec-fetch-mode': 'cors', accept: HTML }],
    ['GET', 'of a same-origin script', { 'sec-fetch-mode': 'same-origin', accept: HTML }],
    ['GET', 'of an image', { 'sec-fetch-mode': 'no-cors', accept: 'image/*' }],
    ['GET', 'of a program', { accept: 'application/json' }],
    ['GET', 'of a program that takes anything', { accept: '*/*' }],
    ['POST', 'of a form', { 'sec-fetch-mode': 'navigate', accept: HTML }],
  ])('answers a %s %s with 401 and JSON', async (method, _what, headers) => {
    const { status, headers: answered, text } = await answers('/login', '/admin', { method, headers });
    expect([status, answered.location]).toEqual([401, undefined]);
    expect(JSON.parse(text)).toMatchObject({ statusCode: 401, code: 'session_required' });
  });

  it('that is not set sends nobody anywhere', async () => {
    const { status, headers } = await answers(undefined, '/admin', { headers: { accept: HTML } });
    expect([status, headers.location]).toEqual([401, undefined]);
  });

  it.each(['/login', '/login?next=1', '/login#form'])(
    '%s never sends to the path it stands on',
    async (loginUrl) => {
      const { status, headers } = await answers(loginUrl, '/login?again', { headers: { accept: HTML } });
      expect([status, headers.location]).toEqual([401, undefined]);
    },
  );

  it('may be on another server; the same path there is another place', async () => {
    const loginUrl = 'https://login.example.com/login';
    const { status, headers } = await answers(loginUrl, '/login', { headers: { accept: HTML } });
    expect([status, headers.location]).toEqual([303, loginUrl]);
  });

  it('written out in full never sends to the page it stands on either', async () => {
    // By the Host header, which is what the browser's address bar says.
    const { url } = await nestApp({
      controllers: [Pages],
      options: { auth: { loginUrl: 'http://shop.example/login' } },
    });
    const ask = (host: string) => plainRequest(`${url}/login`, { headers: { host, accept: HTML } });
    expect(await ask('shop.example')).toMatchObject({ status: 401 });
    expect(await ask('other.example')).toMatchObject({
      status: 303,
      headers: { location: 'http://shop.example/login' },
    });
  });

  it('never redirects somebody who is logged in: 403', async () => {
    const { client, url } = await nestApp({
      controllers: [Pages],
      scripts: { begin },
      options: { auth: { loginUrl: '/login' } },
    });
    const known = client();
    await known.read('/begin');
    const { status, headers, text } = await plainRequest(`${url}/roles`, {
      headers: { accept: HTML, cookie: known.cookie },
    });
    expect([status, headers.location]).toEqual([403, undefined]);
    expect(JSON.parse(text)).toMatchObject({ code: 'session_forbidden' });
  });

  it('is an exception that the filters of the application see', async () => {
    @Catch(LoginRedirectException)
    class ToLogin extends BaseExceptionFilter implements ExceptionFilter<LoginRedirectException> {
      override catch({ location }: LoginRedirectException, host: ArgumentsHost): void {
        host.switchToHttp().getResponse<Response>().redirect(302, `${location}?filtered`);
      }
    }
    const { url } = await nestApp({
      controllers: [Pages],
      options: { auth: { loginUrl: '/login' } },
      setUp: (app) => app.useGlobalFilters(new ToLogin()),
    });
    const { status, headers } = await plainRequest(`${url}/admin`, { headers: { accept: HTML } });
    expect([status, headers.location]).toEqual([302, '/login?filtered']);
  });
});
