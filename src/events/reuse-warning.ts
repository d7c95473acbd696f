import type { SessionTokenReused } from '../core/session-event.js';

/** What the log says of a token that was brought long after another had taken its place. */
export function reuseWarning({ handle }: SessionTokenReused): string {
  return (
    `A token of the session ${handle} that was replaced long ago was brought again, and refused. Somebody may have stolen ` +
    "it: if its user knows nothing of that, end the session (SessionRegistry.revoke(), @OnSession('token-reused'))."
  );
}
