import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { draftOf } from '../core/field-object.js';
import { sessionOfContext } from '../http/execution-request.js';
import type { RequestSession } from '../http/request-session.js';
import { preventCaching } from '../http/response-headers.js';
import {
  asHttp,
  LoginRedirectException,
  SessionForbiddenException,
  SessionRequiredException,
} from '../http/session.exceptions.js';
import type { ResolvedSessionOptions } from '../options/resolved-options.js';
import { RESOLVED_OPTIONS } from '../options/tokens.js';
import { type Access, ACCESS, type Requirement } from './access.js';
import { isAt, isPageLoad } from './page-load.js';
import { hasField, meets } from './requirements.js';

/** Where `@UseGuards()` keeps the guards of a method. */
const GUARDS = '__guards__';

/**
 * Lets a request through when somebody is logged in, or when its session has what `@RequireSession()` asks for. For one
 * route, a controller, or as `APP_GUARD` for all of them, with `@Public()` for the exceptions.
 *
 * @throws {SessionRequiredException} 401 when nobody is logged in
 * @throws {LoginRedirectException} 303 instead, for a page load where `auth.loginUrl` is set; the page is remembered for
 *   {@link SessionService.takeReturnTo}
 * @throws {SessionForbiddenException} 403 for somebody who may not do this
 *
 * @example
 * \@UseGuards(AuthGuard)
 * \@Get('admin')
 * admin(@Principal() userId: string) {}
 *
 * @publicApi
 */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    @Inject(Reflector) protected readonly reflector: Reflector,
    @Inject(RESOLVED_OPTIONS) protected readonly options: ResolvedSessionOptions,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.accessOf(context);
    if (access?.isPublic === true) {
      return true;
    }
    const session = sessionOfContext(context);
    const judges = session.judgesOf(context);
    if (judges.has(this.judgesAs)) {
      return true;
    }
    preventCaching(session.res);
    await session.active.load().catch((error: unknown) => Promise.reject(asHttp(error)));
    await this.judge(session, access?.requirements ?? []);
    judges.add(this.judgesAs);
    return true;
  }

  /** What stands for this guard's judgement: its class, so that one that extends it and asks for more is not taken for it. */
  protected get judgesAs(): unknown {
    return this.constructor;
  }

  /** What a route asks for; what its method says, be it only by this guard, comes before what its class says. */
  protected accessOf(context: ExecutionContext): Access | undefined {
    const handler = context.getHandler();
    const own = this.reflector.get<Access | undefined>(ACCESS, handler);
    if (own !== undefined) {
      return own;
    }
    const ofClass = this.reflector.get<Access | undefined>(ACCESS, context.getClass());
    return ofClass?.isPublic === true && this.guards(handler) ? undefined : ofClass;
  }

  /** Whether `@UseGuards()` names this guard for a method or a class. */
  protected guards(target: Parameters<Reflector['get']>[1]): boolean {
    const guards = this.reflector.get<readonly unknown[] | undefined>(GUARDS, target) ?? [];
    return guards.some((guard) => guard === this || guard === this.constructor);
  }

  /** Throws when a session may not pass. */
  protected async judge(session: RequestSession, requirements: readonly Requirement[]): Promise<void> {
    const isLoggedIn = this.isLoggedIn(session);
    // A name stands for being logged in itself; values and predicates come on top of it.
    const isByNameOnly = requirements.length > 0 && requirements.every((one) => typeof one === 'string');
    if (!isLoggedIn && !isByNameOnly) {
      throw this.unauthenticated(session);
    }
    const fields = draftOf(session.active.live);
    for (const requirement of requirements) {
      if (!(await meets(fields, requirement))) {
        throw isLoggedIn ? new SessionForbiddenException() : this.unauthenticated(session);
      }
    }
  }

  /** Whether somebody is logged in, by the default requirement. */
  protected isLoggedIn(session: RequestSession): boolean {
    const { require } = this.options.auth;
    if (require === undefined) {
      return session.principal !== undefined;
    }
    const fields = draftOf(session.active.live);
    return (typeof require === 'string' ? [require] : require).every((name) => hasField(fields, name));
  }

  /** What somebody who is not logged in is answered with. */
  protected unauthenticated({ req, res, returnTo }: RequestSession): Error {
    const { loginUrl } = this.options.auth;
    if (loginUrl === undefined || !isPageLoad(req) || isAt(loginUrl, req)) {
      return new SessionRequiredException();
    }
    returnTo.remember();
    res.setHeader('Location', loginUrl);
    return new LoginRedirectException(loginUrl);
  }
}
