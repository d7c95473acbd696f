import { Controller, Get, HttpStatus, Post, Redirect, UseFilters } from '@nestjs/common';
import { Flash, type FlashMessage, Principal, RecentLogin, SessionService } from 'nest-sessions';
import { apiKeyPage } from '../views/api-key.page.js';
import { ApiKeys } from './api-keys.service.js';
import { AskAgainFilter } from './ask-again.filter.js';

/** What not everybody who finds an open browser may have: the password must have been given within five minutes. */
@Controller('api-key')
@RecentLogin('5m')
@UseFilters(AskAgainFilter)
export class ApiKeyController {
  constructor(
    private readonly sessions: SessionService,
    private readonly keys: ApiKeys,
  ) {}

  @Get()
  show(@Principal() userId: string, @Flash() messages: FlashMessage[]): string {
    return apiKeyPage({ key: this.keys.of(userId), messages });
  }

  @Post('replace')
  @Redirect('/api-key', HttpStatus.SEE_OTHER)
  replace(@Principal() userId: string): void {
    this.keys.replace(userId);
    this.sessions.flash('info', 'This is your new key. The old one opens nothing any more.');
  }
}
