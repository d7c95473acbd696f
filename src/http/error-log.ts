import { SessionError } from '../core/errors.js';
import type { SessionLogger } from '../options/session-logger.js';

/** While the store is down every request fails: that is one line in this many milliseconds, not one a request. */
const TROUBLE_EVERY = 10_000;

/** Puts session errors into the log: each once, and an outage as one line from time to time. */
export class ErrorLog {
  readonly #said = new WeakSet<object>();
  #troubleAt = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  constructor(private readonly logger: SessionLogger) {}

  /** `where` is put before the message. */
  report(error: unknown, where: string): void {
    if (typeof error === 'object' && error !== null) {
      if (this.#said.has(error)) {
        return;
      }
      this.#said.add(error);
    }
    // A session that another request ended is no fault of anybody's.
    if (error instanceof SessionError && error.code === 'session_gone') {
      return;
    }
    const isTrouble = error instanceof SessionError && error.code === 'session_unavailable';
    if (isTrouble && performance.now() - this.#troubleAt < TROUBLE_EVERY) {
      this.#unsaid++;
      return;
    }
    const more = isTrouble && this.#unsaid > 0 ? ` (${this.#unsaid} more since the last line.)` : '';
    if (isTrouble) {
      this.#troubleAt = performance.now();
      this.#unsaid = 0;
    }
    const message = error instanceof Error ? error.message : 'See the error.';
    this.logger.error(`${where}${message}${more}`, error);
  }
}
