import { HttpException, HttpStatus } from '@nestjs/common';
import { SessionError, type SessionErrorCode } from '../core/errors.js';

const LOG_IN_FIRST = 'Please log in first.';
const CONFIRM_FIRST = 'Please confirm that it is you first.';

/**
 * A session error on its way to a client. The client gets the status, the stable `code` and a short message; what
 * happened, why and what to do is the error's own `message`, for the log.
 *
 * @publicApi
 */
export class SessionException extends HttpException {
  constructor(
    /** Stable code, the same in the answer's body. */
    readonly code:
      SessionErrorCode | 'session_required' | 'session_forbidden' | 'session_recent_login_required',
    status: HttpStatus,
    forClient: string,
    detail?: Error,
  ) {
    super({ statusCode: status, code, message: forClient }, status, { cause: detail?.cause });
    this.name = new.target.name;
    if (detail !== undefined) {
      this.message = detail.message;
    }
  }
}

/**
 * The store cannot be reached, failed, or lost a race for too long (503). Whether a change was stored is unknown.
 *
 * @publicApi
 */
export class SessionUnavailableException extends SessionException {
  constructor(error: SessionError) {
    super(error.code, HttpStatus.SERVICE_UNAVAILABLE, 'The session is not available at the moment.', error);
  }
}

/**
 * The session was ended by another request or has expired (409).
 *
 * @publicApi
 */
export class SessionGoneException extends SessionException {
  constructor(error: SessionError) {
    super(error.code, HttpStatus.CONFLICT, 'The session has ended.', error);
  }
}

/**
 * The user has as many sessions as `maxSessions` allows, and `onLimit` is `'refuse'` (409). Nobody was logged in.
 *
 * @publicApi
 */
export class SessionLimitException extends SessionException {
  constructor(error: SessionError) {
    super(error.code, HttpStatus.CONFLICT, 'There are too many sessions of this user already.', error);
  }
}

/**
 * A mistake in how the application uses the session (500).
 *
 * @publicApi
 */
export class SessionUsageException extends SessionException {
  constructor(error: SessionError) {
    super(error.code, HttpStatus.INTERNAL_SERVER_ERROR, 'The session could not be used.', error);
  }
}

/**
 * What was put in the session cannot be stored: no JSON, or too large (500). What was stored before is as it was.
 *
 * @publicApi
 */
export class SessionNotStorableException extends SessionUsageException {}

/**
 * The session was used before it was loaded, with `load: 'lazy'` (500).
 *
 * @publicApi
 */
export class SessionNotLoadedError extends SessionUsageException {}

/**
 * The session was written to after the response, after `destroy()`, or through the object of a replaced session (500).
 *
 * @publicApi
 */
export class SessionClosedError extends SessionUsageException {}

/**
 * Nobody is logged in, or a required field is missing (401).
 *
 * @publicApi
 */
export class SessionRequiredException extends SessionException {
  constructor() {
    super('session_required', HttpStatus.UNAUTHORIZED, LOG_IN_FIRST);
  }
}

/**
 * Somebody is logged in who may not do this (403).
 *
 * @publicApi
 */
export class SessionForbiddenException extends SessionException {
  constructor() {
    super('session_forbidden', HttpStatus.FORBIDDEN, 'You may not do this.');
  }
}

/**
 * Somebody is logged in who has not proved recently enough that it is them (403): ask for the password, and call `confirm()`.
 *
 * @publicApi
 */
export class RecentLoginRequiredException extends SessionException {
  constructor() {
    super('session_recent_login_required', HttpStatus.FORBIDDEN, CONFIRM_FIRST);
  }
}

/**
 * Sends a page load of somebody who is not logged in to the login page, or of somebody who has to confirm that it is them to
 * the page for that (303). The `code` tells which, and the Location header is set already.
 *
 * @publicApi
 */
export class LoginRedirectException extends SessionException {
  constructor(
    /** Where the browser is sent. */
    readonly location: string,
    code: 'session_required' | 'session_recent_login_required' = 'session_required',
  ) {
    super(code, HttpStatus.SEE_OTHER, code === 'session_required' ? LOG_IN_FIRST : CONFIRM_FIRST);
  }
}

const EXCEPTIONS: Record<SessionErrorCode, new (error: SessionError) => SessionException> = {
  session_unavailable: SessionUnavailableException,
  session_contention: SessionUnavailableException,
  session_gone: SessionGoneException,
  session_revoked: SessionGoneException,
  session_limit: SessionLimitException,
  session_no_registry: SessionUsageException,
  session_invalid_lifetime: SessionUsageException,
  session_invalid_argument: SessionUsageException,
  session_not_loaded: SessionNotLoadedError,
  session_closed: SessionClosedError,
  session_ended: SessionClosedError,
  session_headers_sent: SessionClosedError,
  session_not_serializable: SessionNotStorableException,
  session_too_large: SessionNotStorableException,
  session_reserved_field: SessionUsageException,
  session_invalid_principal: SessionUsageException,
  session_invalid_flash: SessionUsageException,
  session_update_async: SessionUsageException,
};

/** What an error from `core/` is at the edge; any other error stays what it is. */
export function asHttp(error: unknown): unknown {
  return error instanceof SessionError ? new EXCEPTIONS[error.code](error) : error;
}

/** Runs something that may throw an error of `core/`. */
export function atEdge<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw asHttp(error);
  }
}
