/** Somebody who can log in. */
export interface User {
  readonly id: string;
  readonly email: string;
  readonly passwordHash: string;
}
