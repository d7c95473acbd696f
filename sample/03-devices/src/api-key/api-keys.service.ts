import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';

const KEY_BYTES = 24;

/** The API key of each user: in memory here, where yours has a table and keeps no more of a key than its hash. */
@Injectable()
export class ApiKeys {
  private readonly byUser = new Map<string, string>();

  /** The key of a user, made when it is asked for first. */
  of(userId: string): string {
    return this.byUser.get(userId) ?? this.replace(userId);
  }

  /** Makes a new one; the old one is worth nothing from now on. */
  replace(userId: string): string {
    const key = `key_${randomBytes(KEY_BYTES).toString('base64url')}`;
    this.byUser.set(userId, key);
    return key;
  }
}
