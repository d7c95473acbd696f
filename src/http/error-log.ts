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

  /** Says an error once; while the store is down one line stands for many. */
  report(error: unknown): void {
    if (this.#isKnown(error) || (error instanceof SessionError && error.code === 'session_gone')) {
      return;
    }
    if (!(error instanceof SessionError && error.code === 'session_unavailable')) {
      this.say('', error);
      return;
    }
    if (performance.now() - this.#troubleAt < TROUBLE_EVERY) {
      this.#unsaid++;
      return;
    }
    this.say(this.#unsaid > 0 ? `${this.#unsaid} more since the last line: ` : '', error);
    this.#troubleAt = performance.now();
    this.#unsaid = 0;
  }

  /** Says what became of a response, whatever was said of the error before. */
  say(what: string, error: unknown): void {
    this.#isKnown(error);
    this.logger.error(`${what}${textOf(error)}`, error);
  }

  #isKnown(error: unknown): boolean {
    if (typeof error !== 'object' || error === null) {
      return false;
    }
    const isKnown = this.#said.has(error);
    this.#said.add(error);
    return isKnown;
  }
}

/** What happened, and why where that is known: not every log shows the error itself. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) {
    return 'See the error.';
  }
  const { message, cause } = error;
  return cause instanceof Error ? `${message} Cause: ${cause.message}` : message;
}
