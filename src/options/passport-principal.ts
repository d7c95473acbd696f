import { SessionError } from '../core/errors.js';

/** Tells who is logged in from the fields of a session, for the option `auth.principal`. */
export type PrincipalTeller = (fields: Readonly<Record<string, unknown>>) => string | undefined;

/**
 * Lets sessions know Passport's user: `@Principal()` and `AuthGuard` see them, `SessionRegistry` lists their sessions, and
 * `maxSessions` counts them. Without `idOf`, what `serializeUser()` leaves in the session is the id: a text, or a number, which
 * becomes its text.
 *
 * @param idOf the user's id, given what `serializeUser()` left, as JSON has it; undefined for somebody who counts as nobody
 * @throws {SessionUsageException} `session_invalid_principal` at the login, when there is no id to be had (500)
 *
 * @example
 * SessionModule.forRoot({
 *   secret: process.env.SESSION_SECRET,
 *   auth: { principal: passportPrincipal() },
 * });
 *
 * @example
 * passportPrincipal((user: { id: number }) => user.id); // where serializeUser() leaves an object
 *
 * @publicApi
 */
export function passportPrincipal<User = unknown>(
  idOf?: (user: User) => string | number | null | undefined,
): PrincipalTeller {
  return ({ passport }) => {
    const user = typeof passport === 'object' && passport !== null && 'user' in passport && passport.user;
    // As Passport has it: 0 is somebody, any other value that says no is nobody.
    if (!user && user !== 0) {
      return undefined;
    }
    // At the login it is still what serializeUser() gave; from then on it is what JSON made of that.
    const stored = typeof user === 'object' ? asJson(user) : user;
    if (idOf === undefined) {
      return idText(stored, () => noId(`is ${kindOf(stored)}, which is no id`));
    }
    // Only the application knows what its serializeUser() leaves.
    const id = idOf(stored as User);
    return id === undefined || id === null
      ? undefined
      : idText(id, () =>
          noId(`has ${kindOf(id)} for an id, by the function that passportPrincipal() was given`),
        );
  };
}

function idText(id: unknown, otherwise: () => SessionError): string {
  if (typeof id === 'string') {
    return id;
  }
  if (typeof id === 'number' && Number.isFinite(id)) {
    return String(id);
  }
  throw otherwise();
}

function asJson(value: object): unknown {
  try {
    const json: unknown = JSON.parse(JSON.stringify(value));
    return json;
  } catch (cause) {
    throw noId('cannot be stored as JSON', cause);
  }
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function noId(problem: string, cause?: unknown): SessionError {
  return new SessionError('session_invalid_principal', {
    what: `Passport's user in the session ${problem}.`,
    fix: 'Let serializeUser() leave the id of the user as a text or a number, or tell it: passportPrincipal((user) => user.id).',
    ...(cause === undefined ? {} : { cause }),
  });
}
