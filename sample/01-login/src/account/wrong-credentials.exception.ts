import { HttpStatus, UnauthorizedException } from '@nestjs/common';

const MESSAGE = 'This email and password do not belong together.';

/** Nobody has this email with this password. It never says which of the two was wrong. */
export class WrongCredentialsException extends UnauthorizedException {
  constructor(
    /** What was typed, to be shown again. */
    readonly email: string,
  ) {
    super({ statusCode: HttpStatus.UNAUTHORIZED, code: 'wrong_credentials', message: MESSAGE });
  }
}
