import { Controller, Get, HttpStatus, Param, Post, Redirect, UseGuards } from '@nestjs/common';
import { AuthGuard, Principal, SessionRegistry } from 'nest-sessions';
import type { User } from '../login-sample.js';
import { CurrentUser } from '../passport/current-user.decorator.js';
import { sessionsPage } from '../views/sessions.page.js';

/** Where somebody is logged in, and how to end that. */
@Controller('sessions')
@UseGuards(AuthGuard)
export class SessionsController {
  constructor(private readonly registry: SessionRegistry) {}

  @Get()
  async show(@Principal() userId: string, @CurrentUser() user: User): Promise<string> {
    return sessionsPage({
      email: user.email,
      sessions: await this.registry.list(userId),
      now: new Date(),
    });
  }

  @Post(':handle/end')
  @Redirect('/sessions', HttpStatus.SEE_OTHER)
  async end(@Principal() userId: string, @Param('handle') handle: string): Promise<void> {
    // One that has ended meanwhile is not there any more, which is what was asked for.
    await this.registry.revoke(userId, handle);
  }

  @Post('others/end-all')
  @Redirect('/sessions', HttpStatus.SEE_OTHER)
  async endOthers(): Promise<void> {
    await this.registry.revokeOthers();
  }
}
