import { Accounts, type PageRequest } from '../app/accounts.js';
import type { PageFields } from '../app/session-fields.js';
import { NO_SESSION } from './no-session.js';
import { COOKIE, COOKIE_NAME, SECRET, type Variant } from './variant.js';

/** What its README shows: the session is set, and unset. */
class CookieSessionAccounts extends Accounts {
  async login(req: PageRequest, fields: PageFields): Promise<void> {
    setSession(req, fields);
  }

  async logout(req: PageRequest): Promise<void> {
    setSession(req, null);
  }
}

function setSession(req: { session?: PageFields | null }, session: PageFields | null): void {
  req.session = session;
}

export const COOKIE_SESSION = 'cookie-session';

/** The session in a cookie that is signed and can be read by whoever has it. */
export const cookieSessionVariants: readonly Variant[] = [
  {
    name: COOKIE_SESSION,
    baseline: NO_SESSION,
    livesInCookie: true,
    packages: ['cookie-session'],
    async prepare() {
      const { default: cookieSession } = await import('cookie-session');
      const middleware = cookieSession({ ...COOKIE, name: COOKIE_NAME, secret: SECRET });
      return { accounts: CookieSessionAccounts, install: (app) => app.use(middleware) };
    },
  },
];
