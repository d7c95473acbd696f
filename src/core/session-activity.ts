import type { Held } from './held.js';
import type { LiveSession } from './live-session.js';
import type { Operation } from './operation.js';
import type { OperationQueue } from './operation-queue.js';
import type { SessionEngine } from './session-engine.js';
import type { SessionWriter } from './session-writer.js';

/** What has to be known of a request's session. */
export interface ObservedSession {
  readonly engine: SessionEngine;
  /** What is stored of it, as far as it has been read. */
  readonly found: Held | undefined;
  readonly isUsed: boolean;
  /** Whether the store has let this request wait in vain. */
  readonly isInTrouble: boolean;
  /** The session if somebody has used it. */
  readonly opened: LiveSession | undefined;
  /** The session as far as it can be shown without a load. */
  readonly visible: LiveSession | undefined;
}

/** What the mere coming of a request does to its session: its activity is written down, its token is rotated in time. */
export class SessionActivity {
  #isWanted = false;

  constructor(
    private readonly session: ObservedSession,
    private readonly writer: SessionWriter,
    private readonly operations: OperationQueue,
  ) {}

  /** Counts this request as activity even when none is due to be written down. */
  touch(): void {
    this.#isWanted = true;
  }

  /** The stored session whose activity this request should write down, if that is due and still possible. */
  get touchDue(): Held | undefined {
    const { engine, isUsed } = this.session;
    const held = this.writer.isTooLate ? undefined : this.#there;
    return held && (this.#isWanted || engine.isActivityDue(held, isUsed)) ? held : undefined;
  }

  /** Writes the activity down. False when the session has changed since it was read, or is gone. */
  async write(held: Held): Promise<boolean> {
    const { backend } = this.session.engine;
    if (!backend.livesInToken) {
      return (await backend.touch(held)) !== undefined;
    }
    // The session gets a new token, as by a change: no operation may come between.
    return this.operations.run(() => this.writer.renew(this.session.opened));
  }

  /** Whether the session is to get another token with this response, for it has had its own long enough. */
  get isRotationDue(): boolean {
    const { engine, isUsed, isInTrouble } = this.session;
    const held = this.writer.isHeadSent || isInTrouble ? undefined : this.#there;
    return held !== undefined && engine.isRotationDue(held, isUsed);
  }

  /** Gives the session another token. False when it keeps the one it has. */
  rotate(): Operation<boolean> {
    return this.operations.run(async () => {
      const live = this.session.visible;
      return live !== undefined && this.writer.rotate(live);
    });
  }

  get #there(): Held | undefined {
    return this.session.opened?.isGone === true ? undefined : this.session.found;
  }
}
