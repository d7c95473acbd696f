import type { SessionEvent } from 'nest-sessions';
import { settled } from './settled.js';

/** Takes events, and shows them in one word each. */
export class EventRecorder {
  readonly events: SessionEvent[] = [];

  readonly take = (event: SessionEvent): void => {
    this.events.push(event);
  };

  /** What was told since the last look, when nothing more comes: `started`, `login ada`, `ended ada logout`. */
  async taken(): Promise<string[]> {
    await settled();
    return this.events.splice(0).map(shown);
  }
}

function shown(event: SessionEvent): string {
  return [event.type, event.principal, 'reason' in event ? event.reason : undefined]
    .filter((part) => part !== undefined)
    .join(' ');
}
