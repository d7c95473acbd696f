import { Catch, HttpStatus, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';
import { RecentLoginRequiredException, SessionService } from 'nest-sessions';
import { wantsPage } from '../login-sample.js';

/**
 * A form that was sent too late cannot be sent again by a redirect. So whoever sent it is led to the page it is on, from where the
 * guard leads a page load to the password and back.
 */
@Catch(RecentLoginRequiredException)
export class AskAgainFilter extends BaseExceptionFilter<RecentLoginRequiredException> {
  constructor(private readonly sessions: SessionService) {
    super();
  }

  override catch(exception: RecentLoginRequiredException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    if (!wantsPage(http.getRequest<Request>())) return super.catch(exception, host);
    this.sessions.flash('error', 'Nothing has changed yet: this needs your password first.');
    http.getResponse<Response>().redirect(HttpStatus.SEE_OTHER, '/api-key');
  }
}
