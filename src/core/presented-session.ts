import { SessionError } from './errors.js';
import type { Held } from './held.js';
import type { SessionEngine } from './session-engine.js';
import type { SessionIdentity } from './token.js';

type State =
  | { readonly phase: 'unread' }
  | { readonly phase: 'reading'; readonly done: Promise<void> }
  | { readonly phase: 'read'; readonly held: Held | undefined }
  | { readonly phase: 'failed'; readonly error: SessionError };

/** The session behind the token that the client presented: read at most once, however many ask for it. */
export class PresentedSession {
  #state: State;

  constructor(
    readonly identity: SessionIdentity | undefined,
    private readonly engine: SessionEngine,
  ) {
    this.#state = identity === undefined ? { phase: 'read', held: undefined } : { phase: 'unread' };
  }

  get isRead(): boolean {
    return this.#state.phase === 'read';
  }

  /** Reads the record, once. It never rejects: a failure is kept for who uses the session. */
  read(): Promise<void> {
    if (this.#state.phase === 'reading') {
      return this.#state.done;
    }
    if (this.#state.phase !== 'unread' || this.identity === undefined) {
      return Promise.resolve();
    }
    const done = this.engine.backend.open(this.identity).then(
      (held) => {
        this.#state = { phase: 'read', held };
      },
      (error: unknown) => {
        this.#state = { phase: 'failed', error: this.engine.report(asSessionError(error)) };
      },
    );
    this.#state = { phase: 'reading', done };
    return done;
  }

  /** What was found, if the read is over and was a success. */
  get found(): Held | undefined {
    return this.#state.phase === 'read' ? this.#state.held : undefined;
  }

  /** What was found, or the error that tells why that is not known. */
  get held(): Held | undefined {
    switch (this.#state.phase) {
      case 'read':
        return this.#state.held;
      case 'failed':
        throw this.#state.error;
      default:
        throw this.engine.report(notLoaded());
    }
  }
}

function notLoaded(): SessionError {
  return new SessionError('session_not_loaded', {
    what: "The session was used before it was loaded (load: 'lazy').",
    fix: "Use @Session(), a guard or `await sessions.load()` first, or set load: 'eager'.",
  });
}

function asSessionError(error: unknown): SessionError {
  return error instanceof SessionError
    ? error
    : new SessionError('session_unavailable', {
        what: 'The session could not be read.',
        fix: 'See the cause.',
        cause: error,
      });
}
