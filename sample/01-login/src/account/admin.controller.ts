import { Controller, Get, UseGuards } from '@nestjs/common';
import { AuthGuard, Session, SessionService } from 'nest-sessions';
import { adminPage } from '../views/admin.page.js';

/** What only somebody who is logged in may see. */
@Controller('admin')
@UseGuards(AuthGuard)
export class AdminController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  show(@Session('email') email: string): string {
    const { createdAt, expiresAt, absoluteExpiresAt } = this.sessions;
    return adminPage({
      email,
      began: createdAt,
      endsIfIdle: expiresAt,
      endsAtLatest: absoluteExpiresAt,
      now: new Date(),
    });
  }
}
