import { Accounts } from '../app/accounts.js';
import type { Variant } from './variant.js';

/** Nobody is remembered, so there is nothing to do. */
class NoAccounts extends Accounts {
  async login(): Promise<void> {}
  async logout(): Promise<void> {}
}

export const NO_SESSION = 'no session';
export const NO_SESSION_ON_FASTIFY = 'no session, Fastify';

/** The same application without a session, on both platforms. */
export const noSessionVariants: readonly Variant[] = [
  { name: NO_SESSION, baseline: NO_SESSION, remembers: false, prepare: () => ({ accounts: NoAccounts }) },
  {
    name: NO_SESSION_ON_FASTIFY,
    platform: 'fastify',
    baseline: NO_SESSION_ON_FASTIFY,
    remembers: false,
    prepare: () => ({ accounts: NoAccounts }),
  },
];
