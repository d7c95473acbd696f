import { Injectable } from '@nestjs/common';
import { OnSession, type SessionEnded } from 'nest-sessions';

/** Prints one line for each session that has ended, and why. */
@Injectable()
export class EndedSessionsLog {
  @OnSession('ended')
  print({ principal, handle, reason }: SessionEnded): void {
    if (principal !== undefined) {
      console.log(`  ${principal}: session ${handle} has ended (${reason})`);
    }
  }
}
