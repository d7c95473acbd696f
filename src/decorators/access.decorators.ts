import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import type { Duration } from '../core/duration.js';
import { durationOf } from '../core/login-lifetime.js';
import {
  type Access,
  ACCESS,
  type FieldPredicate,
  type FieldValues,
  RECENT_LOGIN,
} from '../guards/access.js';
import { AuthGuard } from '../guards/auth.guard.js';
import { RecentLoginGuard } from '../guards/recent-login.guard.js';
import type { FieldName } from '../session-fields.js';

/** A decorator for a route or a whole controller. */
type RouteDecorator = MethodDecorator & ClassDecorator;

/**
 * Says what a session must have for a route or a controller, and applies {@link AuthGuard}. All of what is named must
 * hold: fields that must be there, values they must have (equal, or one of a list), or a function of the fields. Values
 * and functions also need somebody to be logged in. On a method it replaces what the class says.
 *
 * @example
 * \@RequireSession('email')
 * \@RequireSession({ role: ['admin', 'editor'] })
 * \@RequireSession((fields) => (fields.cart?.length ?? 0) > 0)
 *
 * @publicApi
 */
export function RequireSession(
  ...requirements: (FieldName | FieldValues | FieldPredicate)[]
): RouteDecorator {
  const access: Access = { isPublic: false, requirements };
  return applyDecorators(SetMetadata(ACCESS, access), UseGuards(AuthGuard));
}

/**
 * Opens a route or a controller to everybody where {@link AuthGuard} is global or on the class.
 *
 * @example
 * \@Public()
 * \@Get('health')
 * health() {}
 *
 * @publicApi
 */
export function Public(): RouteDecorator {
  const access: Access = { isPublic: true };
  return SetMetadata(ACCESS, access);
}

/**
 * Asks that the user proved who they are, by `login()` or `confirm()`, no longer than this ago, and applies
 * {@link RecentLoginGuard}: for a route or a whole controller where somebody at an unlocked screen must not do harm
 * (OWASP ASVS 5.0, 7.5.1). On a method it replaces what the class says.
 *
 * @param within milliseconds, or a text such as `'10m'`
 * @throws {SessionError} `session_invalid_lifetime`, where it is applied, for what is no duration
 *
 * @example
 * \@RecentLogin('10m')
 * \@Post('account/delete')
 * deleteAccount() {}
 *
 * @publicApi
 */
export function RecentLogin(within: Duration): RouteDecorator {
  return applyDecorators(
    SetMetadata(RECENT_LOGIN, durationOf('the time of @RecentLogin()', within)),
    UseGuards(RecentLoginGuard),
  );
}
