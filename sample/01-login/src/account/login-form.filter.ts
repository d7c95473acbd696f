import { Catch, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';
import { wantsPage } from '../errors/wants-page.js';
import { loginPage } from '../views/login.page.js';
import { WrongCredentialsException } from './wrong-credentials.exception.js';

/** Shows the form again, with the email kept, to whoever used it; other clients get the error as JSON. */
@Catch(WrongCredentialsException)
export class LoginFormFilter extends BaseExceptionFilter<WrongCredentialsException> {
  override catch(exception: WrongCredentialsException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    if (!wantsPage(http.getRequest<Request>())) return super.catch(exception, host);
    const { email, message } = exception;
    http
      .getResponse<Response>()
      .status(exception.getStatus())
      .send(loginPage({ email, problem: message }));
  }
}
