import { Injectable } from '@nestjs/common';
import { PassportSerializer } from '@nestjs/passport';
import { type User, UsersService } from '../login-sample.js';

/** What Passport keeps of a user in the session: the id, which is the principal too. */
@Injectable()
export class UserSerializer extends PassportSerializer {
  constructor(private readonly users: UsersService) {
    super();
  }

  serializeUser(user: User, done: (error: unknown, id: string) => void): void {
    done(null, user.id);
  }

  /** A user who is not there any more is false: Passport takes them out, and their session ends. */
  deserializeUser(id: string, done: (error: unknown, user: User | false) => void): void {
    done(null, this.users.find(id) ?? false);
  }
}
