import { AsyncResource } from 'node:async_hooks';

/** A call that waits for its answer, between those that began before and after it. */
export class Waiting {
  before: Waiting = this;
  after: Waiting = this;

  /**
   * @param due when its time is up, by the clock of `performance`
   * @param onLate what is called then
   */
  constructor(
    readonly due: number,
    readonly onLate: () => void,
  ) {}

  /** Takes its place behind all others of a ring. */
  join(ring: Waiting): void {
    this.before = ring.before;
    this.after = ring;
    ring.before.after = this;
    ring.before = this;
  }

  /** Leaves the ring, and leads nowhere from then on. */
  leave(): void {
    this.before.after = this.after;
    this.after.before = this.before;
    this.before = this;
    this.after = this;
  }
}

/** The timer of the event loop rounds, and may come this much early. */
const EARLY_MS = 1;

/**
 * One limit of time for many calls. Because it is the same for all, they are due in the order they began, and one timer for the
 * oldest does for all of them: a timer for each call would cost more than the rest of the call.
 */
export class Deadlines {
  /** A ring, in which this one itself waits for nothing. No set: see `InFlight`. */
  readonly #ring = new Waiting(Number.POSITIVE_INFINITY, () => undefined);
  /** The timer follows on itself: begun as part of a request it would hold that one in memory. */
  readonly #scope = new AsyncResource('nest-sessions.deadlines');
  #timer: NodeJS.Timeout | undefined;

  /** @param after milliseconds until a call is late */
  constructor(private readonly after: number) {}

  /** Calls `onLate` when the time is up, unless the call has ended before. */
  begin(onLate: () => void): Waiting {
    const waiting = new Waiting(performance.now() + this.after, onLate);
    waiting.join(this.#ring);
    // It is left running when a call ends: the next one begins before it comes, or it finds nobody.
    this.#tellIn(this.after);
    return waiting;
  }

  end(waiting: Waiting): void {
    waiting.leave();
  }

  #tellIn(delay: number): void {
    if (this.#timer === undefined) {
      this.#timer = this.#scope.runInAsyncScope(() => setTimeout(() => this.#tell(), delay).unref());
    }
  }

  #tell(): void {
    this.#timer = undefined;
    const now = performance.now() + EARLY_MS;
    for (let first = this.#ring.after; first !== this.#ring; first = this.#ring.after) {
      if (first.due > now) {
        this.#tellIn(first.due - now + EARLY_MS);
        return;
      }
      first.leave();
      first.onLate();
    }
  }
}
