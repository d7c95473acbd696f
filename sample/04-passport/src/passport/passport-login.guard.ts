import { type ExecutionContext, Injectable } from '@nestjs/common';
import { AuthGuard as PassportGuard } from '@nestjs/passport';
import type { Request } from 'express';

/**
 * For the route that logs in: Passport checks who it is and logs them in. Not to be taken for `AuthGuard` of nest-sessions,
 * which is for all routes behind the login.
 */
@Injectable()
export class PassportLoginGuard extends PassportGuard('local') {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    await super.canActivate(context);
    await super.logIn(context.switchToHttp().getRequest<Request>());
    return true;
  }
}
