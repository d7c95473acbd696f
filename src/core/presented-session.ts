import type { TokenReply } from './active-session.types.js';
import { SessionError } from './errors.js';
import type { Held } from './held.js';
import type { LiveSession } from './live-session.js';
import type { PresentedToken } from './session-backend.js';
import type { SessionEngine } from './session-engine.js';

type State =
  | { readonly phase: 'unasked' }
  | { readonly phase: 'unread' }
  | { readonly phase: 'reading'; readonly done: Promise<void> }
  | { readonly phase: 'read'; readonly held: Held | undefined }
  | { readonly phase: 'failed'; readonly error: SessionError };

/**
 * The session behind the token that the client presented: read at most once, however many ask for it. Which token that is, is not asked
 * before somebody needs it.
 */
export class PresentedSession {
  #state: State = { phase: 'unasked' };
  #token: PresentedToken | undefined;
  /** What the session was when this request ended it. */
  #ended: Held | undefined;
  /** What the request has let go of without ending it, where only its token can keep it. */
  #left: Held | undefined;

  constructor(
    private readonly present: () => PresentedToken | undefined,
    private readonly engine: SessionEngine,
  ) {}

  /** The token; undefined where the client presented none. */
  get token(): PresentedToken | undefined {
    if (this.#state.phase === 'unasked') {
      this.#token = this.present();
      this.#state = this.#token === undefined ? { phase: 'read', held: undefined } : { phase: 'unread' };
    }
    return this.#token;
  }

  get isRead(): boolean {
    return this.token === undefined || this.#state.phase === 'read';
  }

  /** Reads the record, once. It never rejects: a failure is kept for who uses the session. */
  read(): Promise<void> {
    if (this.#state.phase === 'reading') {
      return this.#state.done;
    }
    const { token } = this;
    if (this.#state.phase !== 'unread' || token === undefined) {
      return Promise.resolve();
    }
    const done = this.engine.backend.open(token).then(
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
    if (this.isRead) {
      return this.found;
    }
    throw this.#state.phase === 'failed' ? this.#state.error : this.engine.report(notLoaded());
  }

  /** Takes note that the session has another token now, which the client is about to be given. */
  renew(held: Held): void {
    this.#state = { phase: 'read', held };
  }

  /** Takes note that a session was ended. Only who really ended what the client holds may take its cookie away. */
  noteEnd(removed: Held | undefined): void {
    if (isSame(removed, this.found)) {
      this.#ended ??= removed;
    }
  }

  /** Takes note that the request lets go of a session which lives on: the client must be able to come back to it. */
  noteLeft(live: LiveSession): void {
    if (this.engine.backend.livesInToken && live.ended !== 'destroyed') {
      this.#left = live.held;
    }
  }

  /** What should become of the client's token, given the session that the request has by now. */
  reply(live: LiveSession | undefined): TokenReply {
    const { found } = this;
    const held = live?.ended === 'destroyed' ? this.#left : live?.held;
    if (held !== undefined && held.token !== found?.token) {
      return { kind: 'set', held, replaced: this.#ended ?? (isSame(held, found) ? found : undefined) };
    }
    return this.#ended === undefined ? KEEP : { kind: 'clear', ended: this.#ended };
  }
}

/** Whether two are one session, be it that its token was rotated in between: the public name stays. */
function isSame(one: Held | undefined, other: Held | undefined): boolean {
  return one?.id === other?.id || one?.record.handle === other?.record.handle;
}

const KEEP: TokenReply = { kind: 'keep' };

function notLoaded(): SessionError {
  return new SessionError('session_not_loaded', {
    what: "The session was used before it was loaded (load: 'lazy').",
    fix:
      'Use @Session(), a guard or `await sessions.load()` first. Middleware that looks into the session, such as ' +
      "passport.session(), needs load: 'eager'.",
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
