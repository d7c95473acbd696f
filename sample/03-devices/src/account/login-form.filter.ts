import { Catch, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';
import { wantsPage, WrongCredentialsException } from '../login-sample.js';
import { loginPage } from '../views/login.page.js';

/** Shows the form again, with the email kept, to whoever used it; other clients get the error as JSON. */
@Catch(WrongCredentialsException)
export class LoginFormFilter extends BaseExceptionFilter<WrongCredentialsException> {
  override catch(exception: WrongCredentialsException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    if (!wantsPage(request)) return super.catch(exception, host);
    const { email, message } = exception;
    http
      .getResponse<Response>()
      .status(exception.getStatus())
      .send(loginPage({ failed: { email, problem: message, remember: isTicked(request.body) } }));
  }
}

function isTicked(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'remember' in body && body.remember === 'on';
}
