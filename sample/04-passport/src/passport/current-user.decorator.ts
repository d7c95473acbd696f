import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { User } from '../login-sample.js';

/** Who is logged in as Passport knows them, as a parameter; behind a guard there is somebody. */
export const CurrentUser = createParamDecorator(
  (_data: unknown, context: ExecutionContext) =>
    context.switchToHttp().getRequest<{ readonly user?: User }>().user,
);
