import type { SessionEvent } from 'nest-sessions';

/** Prints one line for each session that has ended, and why. */
export function tellEnded(event: SessionEvent): void {
  if (event.type === 'ended' && event.principal !== undefined) {
    console.log(`  ${event.principal}: session ${event.handle} has ended (${event.reason})`);
  }
}
