/** What went wrong, as a stable code. The edge maps each to an HTTP exception. */
export type SessionErrorCode =
  | 'session_unavailable'
  | 'session_contention'
  | 'session_not_loaded'
  | 'session_closed'
  | 'session_ended'
  | 'session_gone'
  | 'session_revoked'
  | 'session_limit'
  | 'session_no_registry'
  | 'session_invalid_lifetime'
  | 'session_invalid_argument'
  | 'session_reserved_field'
  | 'session_not_serializable'
  | 'session_invalid_flash'
  | 'session_too_large'
  | 'session_invalid_principal'
  | 'session_update_async'
  | 'session_headers_sent';

/** The parts of an error's text, and where it came from. */
export interface SessionErrorDetail {
  /** What happened. */
  readonly what: string;
  /** What to do about it. */
  readonly fix: string;
  readonly cause?: unknown;
  /** Whether the store did not answer in time. */
  readonly isTimeout?: boolean;
}

/**
 * What `core/` throws. Its message says what happened and what to do, and never holds a token or the contents of a
 * session; a field's name may be in it.
 */
export class SessionError extends Error {
  override readonly name: string = 'SessionError';
  /** Whether the store did not answer in time: asking it again would take as long again. */
  readonly isTimeout: boolean;

  constructor(
    readonly code: SessionErrorCode,
    detail: SessionErrorDetail,
  ) {
    super(`${detail.what} ${detail.fix}`, 'cause' in detail ? { cause: detail.cause } : undefined);
    this.isTimeout = detail.isTimeout ?? false;
  }
}

/** The store did not do its work, or not in time. Whether it will still do it is unknown. */
export function unavailable(operation: string, why: string, cause?: unknown): SessionError {
  return new SessionError('session_unavailable', {
    what: `The session store failed at ${operation}: ${why}.`,
    fix: 'Check that the store is up and reachable; the session itself is as it was.',
    cause,
  });
}

/** The store did not answer in time. */
export function timedOut(operation: string, operationTimeout: number): SessionError {
  return new SessionError('session_unavailable', {
    what: `The session store failed at ${operation}: no answer within ${operationTimeout} ms.`,
    fix: 'Check that the store is up and reachable; whether it still does it is unknown.',
    isTimeout: true,
  });
}

/** A session that another request ended, or that expired, was asked for. */
export function gone(): SessionError {
  return new SessionError('session_gone', {
    what: 'The session is not in the store any more.',
    fix: 'It expired or was ended by another request; begin a new one with regenerate() or login().',
  });
}

/** A store that says so breaks its contract, or the random source is none. */
export function idTaken(): SessionError {
  return new SessionError('session_unavailable', {
    what: 'The store says that a fresh random session id is taken.',
    fix: 'Check that the store keeps to the contract and that the random source is one.',
  });
}

/** A login whose session was ended before it was over; nobody is logged in. */
export function loginRevoked(): SessionError {
  return new SessionError('session_revoked', {
    what: 'The sessions of this user were ended while the login was under way, and the session of the login with them.',
    fix: 'Log in again. If nobody ended them, see that the clocks of all processes agree.',
  });
}
