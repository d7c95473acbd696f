import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-local';
import { CredentialsPipe, type User, UsersService, WrongCredentialsException } from '../login-sample.js';

/** Logging in with an email and a password. */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy) {
  constructor(
    private readonly users: UsersService,
    private readonly credentials: CredentialsPipe,
  ) {
    super({ usernameField: 'email' });
  }

  /** Passport passes on whatever the body has under these names. */
  async validate(...[typedEmail, typedPassword]: readonly unknown[]): Promise<User> {
    const { email, password } = this.credentials.transform({ email: typedEmail, password: typedPassword });
    const user = await this.users.verify(email, password);
    if (user === undefined) throw new WrongCredentialsException(email);
    return user;
  }
}
