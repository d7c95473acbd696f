import { type ExecutionContext, Injectable } from '@nestjs/common';
import { sessionOfContext } from '../http/execution-request.js';
import type { RequestSession } from '../http/request-session.js';
import { LoginRedirectException, RecentLoginRequiredException } from '../http/session.exceptions.js';
import { type Access, ACCESS, RECENT_LOGIN } from './access.js';
import { AuthGuard } from './auth.guard.js';
import { isAt, isPageLoad } from './page-load.js';

/**
 * Lets a request through when its user proved who they are recently enough, by `login()` or `confirm()`. It asks for all that
 * {@link AuthGuard} asks for first, and is applied by `@RecentLogin()`.
 *
 * @throws {SessionRequiredException} 401 when nobody is logged in
 * @throws {RecentLoginRequiredException} 403 when that was too long ago, or is not known
 * @throws {LoginRedirectException} 303 instead, for a page load where `auth.confirmUrl` is set; the page is remembered for
 *   {@link SessionService.takeReturnTo}
 *
 * @publicApi
 */
@Injectable()
export class RecentLoginGuard extends AuthGuard {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const window = this.windowOf(context);
    await super.canActivate(context);
    if (window !== undefined) {
      this.judgeTime(sessionOfContext(context), window);
    } else if (this.isMeantFor(context)) {
      throw new Error(
        'RecentLoginGuard was applied without a time. Use @RecentLogin() with one, such as @RecentLogin("10m").',
      );
    }
    return true;
  }

  /** What asks for a recent login is not public, whatever else is said of it. */
  protected override accessOf(context: ExecutionContext): Access | undefined {
    const access = super.accessOf(context);
    return access?.isPublic === true && this.windowOf(context) !== undefined ? undefined : access;
  }

  /** This guard judges as AuthGuard does before it looks at the time: nothing is judged twice where both are there. */
  protected override get judgesAs(): unknown {
    return this.constructor === RecentLoginGuard ? AuthGuard : this.constructor;
  }

  /** How long ago a route allows it to be, in milliseconds; undefined where it asks for nothing. Method over class. */
  protected windowOf(context: ExecutionContext): number | undefined {
    const handler = context.getHandler();
    const own = this.reflector.get<number | undefined>(RECENT_LOGIN, handler);
    if (own !== undefined || this.reflector.get<Access | undefined>(ACCESS, handler)?.isPublic === true) {
      return own;
    }
    return this.reflector.get<number | undefined>(RECENT_LOGIN, context.getClass());
  }

  /** Throws when it was too long ago. */
  protected judgeTime(session: RequestSession, window: number): void {
    const { authenticatedAt, engine } = session.active;
    // A clock that was set back must not make it recent for as long as it was set back by.
    if (authenticatedAt === undefined || !(Math.abs(engine.clock.now() - authenticatedAt) <= window)) {
      throw this.unconfirmed(session);
    }
  }

  /** What somebody for whom it was too long ago is answered with. */
  protected unconfirmed({ req, res, returnTo }: RequestSession): Error {
    const { confirmUrl } = this.options.auth;
    if (confirmUrl === undefined || !isPageLoad(req) || isAt(confirmUrl, req)) {
      return new RecentLoginRequiredException();
    }
    returnTo.remember();
    res.setHeader('Location', confirmUrl);
    return new LoginRedirectException(confirmUrl, 'session_recent_login_required');
  }

  /** Whether a route that is not public names this guard itself, so that it is not there for all routes. */
  protected isMeantFor(context: ExecutionContext): boolean {
    return (
      this.accessOf(context)?.isPublic !== true &&
      (this.guards(context.getHandler()) || this.guards(context.getClass()))
    );
  }
}
