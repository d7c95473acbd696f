import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DEMO_ACCOUNT } from './demo-account.js';
import { hashPassword, verifyPassword } from './password-hash.js';
import type { User } from './user.js';

/** The users of this application: one demo account, where yours has a table. */
@Injectable()
export class UsersService implements OnModuleInit {
  private readonly byEmail = new Map<string, User>();
  private decoyHash = '';

  async onModuleInit(): Promise<void> {
    this.decoyHash = await hashPassword('nobody has this password');
    const { email, password } = DEMO_ACCOUNT;
    this.byEmail.set(email, { id: 'user-1', email, passwordHash: await hashPassword(password) });
  }

  /** The user with this email and password, or undefined; both answers take the same time. */
  async verify(email: string, password: string): Promise<User | undefined> {
    const user = this.byEmail.get(email.trim().toLowerCase());
    // Without the decoy, a quick answer would tell that nobody has this email.
    const matches = await verifyPassword(password, user?.passwordHash ?? this.decoyHash);
    return matches ? user : undefined;
  }

  /** The user with this id. */
  find(id: string): User | undefined {
    return [...this.byEmail.values()].find((user) => user.id === id);
  }
}
