import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SessionError } from './errors.js';

/** What is said of a contest that was lost for good. */
export interface ContestLost {
  /** What kept losing to what. */
  readonly what: string;
  readonly fix: string;
}

/**
 * A contest for one record: who loses a compare-and-swap to others tries again on top of what won, until the time is up.
 */
export class Contest {
  readonly #deadline: number;

  /** @param limit milliseconds from now on */
  constructor(
    private readonly limit: number,
    private readonly lostForGood: ContestLost,
  ) {
    this.#deadline = performance.now() + limit;
  }

  /**
   * Call before each attempt but the first. There is no longer pause than a turn: what was found is the newest now, and who waits
   * comes back with an old one and loses again. Each process has one attempt at a record under way, so that the store is
   * not overrun.
   *
   * @throws {SessionError} `session_contention` when the time is up
   */
  async nextRound(): Promise<void> {
    if (performance.now() > this.#deadline) {
      const { what, fix } = this.lostForGood;
      throw new SessionError('session_contention', { what: `${what} for ${this.limit} ms.`, fix });
    }
    await nextTurn();
  }
}
