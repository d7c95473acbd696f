import { All, Controller, Get, Inject, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuthGuard, type SessionOptions, SessionService } from 'nest-sessions';
import { type FakeClock, fakeClock } from 'nest-sessions/testing';
import { Browser } from './browser.js';
import { nestApp, type NestAppParts, type TestNestApp } from './nest-app.js';

@Controller()
class Door {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  @Get('login')
  form(): string {
    return 'Who are you?';
  }

  @Post('login')
  async login(@Query('fallback') fallback: string | undefined, @Res() res: Response): Promise<void> {
    await this.sessions.login('ada');
    res.redirect(303, this.sessions.takeReturnTo(fallback));
  }

  @Post('twice')
  twice(): string[] {
    return [this.sessions.takeReturnTo('/first'), this.sessions.takeReturnTo('/second')];
  }

  @Post('store')
  store(): string {
    this.sessions.set('theme', 'dark');
    return this.sessions.takeReturnTo();
  }

  @Post('logout')
  logout(): Promise<void> {
    return this.sessions.logout();
  }
}

@Controller()
@UseGuards(AuthGuard)
class Rooms {
  @All('{*page}')
  room(@Req() req: Request): string {
    return `This is ${req.originalUrl}`;
  }
}

/** An application whose every page but the login page is guarded. */
export interface ReturnApp extends TestNestApp {
  readonly clock: FakeClock;
  readonly browser: Browser;
}

export async function returnApp({
  auth = { loginUrl: '/login' },
  setUp,
  controllers = [],
  ...options
}: Partial<SessionOptions> & Pick<NestAppParts, 'setUp' | 'controllers'> = {}): Promise<ReturnApp> {
  const clock = fakeClock();
  const app = await nestApp({
    controllers: [...controllers, Door, Rooms],
    options: { clock, ...options, auth },
    ...(setUp === undefined ? {} : { setUp }),
  });
  return { ...app, clock, browser: new Browser(app.url) };
}
