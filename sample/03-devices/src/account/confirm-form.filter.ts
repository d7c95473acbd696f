import { Catch, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';
import { wantsPage, WrongCredentialsException } from '../login-sample.js';
import { confirmPage } from '../views/confirm.page.js';

/** Asks for the password again; other clients than browsers get the error as JSON. */
@Catch(WrongCredentialsException)
export class ConfirmFormFilter extends BaseExceptionFilter<WrongCredentialsException> {
  override catch(exception: WrongCredentialsException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    if (!wantsPage(http.getRequest<Request>())) return super.catch(exception, host);
    http
      .getResponse<Response>()
      .status(exception.getStatus())
      .send(confirmPage({ email: exception.email, problem: 'This is not your password.' }));
  }
}
