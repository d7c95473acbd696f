import { Catch, HttpException, HttpStatus, Logger, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { Request, Response } from 'express';
import { errorPage } from '../views/error.page.js';
import { wantsPage } from './wants-page.js';

/** Shows errors as a page to people; every other client gets what Nest sends by default. */
@Catch()
export class ErrorPageFilter extends BaseExceptionFilter {
  private readonly log = new Logger(ErrorPageFilter.name);

  override catch(exception: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const status =
      exception instanceof HttpException ? exception.getStatus() : HttpStatus.INTERNAL_SERVER_ERROR;
    const isError = status >= Number(HttpStatus.BAD_REQUEST);
    if (!isError || response.headersSent || !wantsPage(http.getRequest<Request>())) {
      return super.catch(exception, host);
    }
    if (status >= Number(HttpStatus.INTERNAL_SERVER_ERROR)) this.log.error(exception);
    response.status(status).send(errorPage(status));
  }
}
