import { Catch, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';
import { SessionRequiredException } from 'nest-sessions';
import { wantsPage } from '../login-sample.js';
import { loginPage } from '../views/login.page.js';

const MESSAGE = { type: 'error', message: 'You were logged out in the meantime. Log in again.' };

/**
 * Whoever was logged out from elsewhere and sends a form gets the login page. When they follow a link, AuthGuard leads them
 * there by itself.
 */
@Catch(SessionRequiredException)
export class LoginAgainFilter extends BaseExceptionFilter<SessionRequiredException> {
  override catch(exception: SessionRequiredException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    if (!wantsPage(http.getRequest<Request>())) return super.catch(exception, host);
    http
      .getResponse<Response>()
      .status(exception.getStatus())
      .send(loginPage({ messages: [MESSAGE] }));
  }
}
