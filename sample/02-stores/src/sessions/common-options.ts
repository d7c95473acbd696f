import type { SessionOptions } from 'nest-sessions';
import type { AppConfig } from '../login-sample.js';

/** The options that do not depend on where sessions are kept. */
export function commonOptions({ secret }: AppConfig): SessionOptions {
  return {
    secret,
    idleTimeout: '30m',
    absoluteTimeout: '12h',
    auth: { loginUrl: '/' },
    // This application does nothing without its sessions, so it does not start without them either.
    requireStoreAtBoot: true,
  };
}
