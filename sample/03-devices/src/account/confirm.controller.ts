import {
  BadRequestException,
  Body,
  Controller,
  Get,
  HttpStatus,
  Post,
  Redirect,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard, Flash, type FlashMessage, Session, SessionService } from 'nest-sessions';
import { UsersService, WrongCredentialsException } from '../login-sample.js';
import { confirmPage } from '../views/confirm.page.js';
import { ConfirmFormFilter } from './confirm-form.filter.js';

/** Where `@RecentLogin()` leads: the password once more, and back. */
@Controller('confirm')
@UseGuards(AuthGuard)
export class ConfirmController {
  constructor(
    private readonly sessions: SessionService,
    private readonly users: UsersService,
  ) {}

  @Get()
  form(@Session('email') email: string, @Flash() messages: FlashMessage[]): string {
    return confirmPage({ email, messages });
  }

  @Post()
  @UseFilters(ConfirmFormFilter)
  @Redirect('', HttpStatus.SEE_OTHER)
  async confirm(
    @Session('email') email: string,
    @Body('password') password: unknown,
  ): Promise<{ url: string }> {
    if (typeof password !== 'string') throw new BadRequestException('A password is needed, as text.');
    const user = await this.users.verify(email, password);
    if (user?.id !== this.sessions.principal) throw new WrongCredentialsException(email);
    await this.sessions.confirm();
    this.sessions.flash('info', 'Thank you. You will not be asked again for five minutes.');
    return { url: this.sessions.takeReturnTo('/devices') };
  }
}
