import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';

/** What somebody who wants to log in has typed. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

/** Takes the credentials from a form or JSON body; anything but two texts is a 400. */
@Injectable()
export class CredentialsPipe implements PipeTransform<unknown, Credentials> {
  transform(body: unknown): Credentials {
    if (!isCredentials(body))
      throw new BadRequestException('An email and a password are needed, both as text.');
    return { email: body.email, password: body.password };
  }
}

function isCredentials(body: unknown): body is Credentials {
  return (
    typeof body === 'object' &&
    body !== null &&
    'email' in body &&
    typeof body.email === 'string' &&
    'password' in body &&
    typeof body.password === 'string'
  );
}
