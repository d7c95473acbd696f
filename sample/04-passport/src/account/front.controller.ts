import { Controller, Get, Header, HttpStatus, Req, Res } from '@nestjs/common';
import type { Request, Response } from 'express';
import { loginPage } from '../login-sample.js';

/** The front page: the login form, or the way on for who is logged in. */
@Controller()
export class FrontController {
  @Get()
  @Header('Cache-Control', 'no-store')
  show(@Req() request: Request, @Res() response: Response): void {
    if (request.isAuthenticated()) response.redirect(HttpStatus.SEE_OTHER, '/sessions');
    else response.send(loginPage());
  }
}
