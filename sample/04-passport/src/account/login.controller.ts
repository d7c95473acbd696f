import { Controller, Get, HttpStatus, Post, Redirect, Req, UseFilters, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { SessionService } from 'nest-sessions';
import { LoginFormFilter } from '../login-sample.js';
import { PassportLoginGuard } from '../passport/passport-login.guard.js';

/** Logging in and out, by Passport. */
@Controller()
export class LoginController {
  constructor(private readonly sessions: SessionService) {}

  @Post('login')
  @UseGuards(PassportLoginGuard)
  @UseFilters(LoginFormFilter)
  @Redirect('', HttpStatus.SEE_OTHER)
  login(): { url: string } {
    // Back to the page that the guard sent them away from.
    return { url: this.sessions.takeReturnTo('/sessions') };
  }

  @Post('logout')
  @Redirect('/', HttpStatus.SEE_OTHER)
  async logout(@Req() request: Request): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      request.logout((error: unknown) => (error ? reject(error) : resolve()));
    });
  }

  /** After a failed login the address bar says `/login`; opening that again leads to the form. */
  @Get('login')
  @Redirect('/', HttpStatus.SEE_OTHER)
  form(): void {}
}
