import { AsyncResource } from 'node:async_hooks';

/** A call that waits for its answer. */
export interface Waiting {
  /** When its time is up, by the clock of `performance`. */
  readonly due: number;
  readonly onLate: () => void;
}

/** The timer of the event loop rounds, and may come this much early. */
const EARLY_MS = 1;

/**
 * One limit of time for many calls. Because it is the same for all, they are due in the order they began, and one timer for the
 * oldest does for all of them: a timer for each call would cost more than the rest of the call.
 */
export class Deadlines {
  readonly #waiting = new Set<Waiting>();
  /** The timer follows on itself: begun as part of a request it would hold that one in memory. */
  readonly #scope = new AsyncResource('nest-sessions.deadlines');
  #timer: NodeJS.Timeout | undefined;

  /** @param after milliseconds until a call is late */
  constructor(private readonly after: number) {}

  /** Calls `onLate` when the time is up, unless the call has ended before. */
  begin(onLate: () => void): Waiting {
    const waiting = { due: performance.now() + this.after, onLate };
    this.#waiting.add(waiting);
    // It is left running when a call ends: the next one begins before it comes, or it finds nobody.
    this.#tellIn(this.after);
    return waiting;
  }

  end(waiting: Waiting): void {
    this.#waiting.delete(waiting);
  }

  #tellIn(delay: number): void {
    if (this.#timer === undefined) {
      this.#timer = this.#scope.runInAsyncScope(() => setTimeout(() => this.#tell(), delay).unref());
    }
  }

  #tell(): void {
    this.#timer = undefined;
    const now = performance.now() + EARLY_MS;
    for (const waiting of this.#waiting) {
      if (waiting.due > now) {
        this.#tellIn(waiting.due - now + EARLY_MS);
        return;
      }
      this.#waiting.delete(waiting);
      waiting.onLate();
    }
  }
}
