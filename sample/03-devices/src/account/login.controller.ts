import { Body, Controller, Get, HttpStatus, Post, Redirect, UseFilters } from '@nestjs/common';
import { Flash, type FlashMessage, SessionService } from 'nest-sessions';
import {
  type Credentials,
  CredentialsPipe,
  UsersService,
  WrongCredentialsException,
} from '../login-sample.js';
import { loginPage } from '../views/login.page.js';
import { LoginFormFilter } from './login-form.filter.js';

/** Logging in and out. */
@Controller()
export class LoginController {
  constructor(
    private readonly sessions: SessionService,
    private readonly users: UsersService,
  ) {}

  @Get('login')
  form(@Flash() messages: FlashMessage[]): string {
    return loginPage({ messages });
  }

  @Post('login')
  @UseFilters(LoginFormFilter)
  @Redirect('', HttpStatus.SEE_OTHER)
  async login(
    @Body(CredentialsPipe) { email, password }: Credentials,
    @Body('remember') remember: unknown,
  ): Promise<{ url: string }> {
    const user = await this.users.verify(email, password);
    if (user === undefined) throw new WrongCredentialsException(email);
    // A box that is not ticked sends nothing: then the cookie ends with the browser.
    await this.sessions.login(user.id, { data: { email: user.email }, remember: remember === 'on' });
    this.sessions.flash('info', 'You are logged in.');
    return { url: this.sessions.takeReturnTo('/devices') };
  }

  @Post('logout')
  @Redirect('/login', HttpStatus.SEE_OTHER)
  async logout(): Promise<void> {
    const { principal } = this.sessions;
    await this.sessions.logout();
    // A message is stored in a session: none begins for a visitor who had nothing to log out of.
    if (principal !== undefined) this.sessions.flash('info', 'You are logged out.');
  }

  @Get()
  @Redirect('/devices', HttpStatus.SEE_OTHER)
  front(): void {}
}
