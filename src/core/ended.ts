import { SessionError } from './errors.js';

/** Why a session cannot be written any more. */
export type Ended = 'closed' | 'destroyed' | 'replaced';

/** What a write is answered with then. */
export const ENDED: Record<Ended, () => SessionError> = {
  closed: () =>
    new SessionError('session_closed', {
      what: 'The session was written to after the response had ended; the change would be lost.',
      fix: 'Change the session before the response is sent, and await what you do with it.',
    }),
  destroyed: () =>
    new SessionError('session_ended', {
      what: 'The session was destroyed in this request.',
      fix: 'Begin a new one with regenerate() or login().',
    }),
  replaced: () =>
    new SessionError('session_ended', {
      what: 'This object belongs to the session that regenerate() or login() replaced.',
      fix: 'Use the new req.session, or SessionService, which always means the current one.',
    }),
};
