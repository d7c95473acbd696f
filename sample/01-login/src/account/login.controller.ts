import { Body, Controller, Get, HttpStatus, Post, Redirect, UseFilters } from '@nestjs/common';
import { SessionService } from 'nest-sessions';
import { UsersService } from '../users/users.service.js';
import { type Credentials, CredentialsPipe } from './credentials.pipe.js';
import { LoginFormFilter } from './login-form.filter.js';
import { WrongCredentialsException } from './wrong-credentials.exception.js';

/** Logging in and out. */
@Controller()
export class LoginController {
  constructor(
    private readonly sessions: SessionService,
    private readonly users: UsersService,
  ) {}

  @Post('login')
  @UseFilters(LoginFormFilter)
  @Redirect('', HttpStatus.SEE_OTHER)
  async login(@Body(CredentialsPipe) { email, password }: Credentials): Promise<{ url: string }> {
    const user = await this.users.verify(email, password);
    if (user === undefined) throw new WrongCredentialsException(email);
    await this.sessions.login(user.id, { data: { email: user.email, visits: 0 } });
    // Back to the page that the guard sent them away from.
    return { url: this.sessions.takeReturnTo('/admin') };
  }

  @Post('logout')
  @Redirect('/', HttpStatus.SEE_OTHER)
  async logout(): Promise<void> {
    await this.sessions.logout();
  }

  /** After a failed login the address bar says `/login`; opening that again leads to the form. */
  @Get('login')
  @Redirect('/', HttpStatus.SEE_OTHER)
  form(): void {}
}
