import { createParamDecorator, type ExecutionContext, type PipeTransform, type Type } from '@nestjs/common';
import { asHttp, atEdge } from '../http/session.exceptions.js';
import { sessionOfContext } from '../http/execution-request.js';
import type { RequestSession } from '../http/request-session.js';
import type { SessionPath } from '../session-fields.js';

type Pipe = Type<PipeTransform> | PipeTransform;

const fromSession = createParamDecorator<string | undefined>((path, context: ExecutionContext) => {
  const session = sessionOfContext(context);
  return session.active.isRead ? pick(session, path) : loaded(session).then(() => pick(session, path));
});

/**
 * The session of the request as a parameter: all of it, or what is at a path in it. Loads the session if that has not
 * happened yet. Pipes work as on Nest's own decorators.
 *
 * @throws {SessionUnavailableException} when the store could not be read (503)
 *
 * @example
 * \@Get('cart')
 * show(@Session('cart.items') items: Item[], @Session() session: SessionFields) {}
 *
 * @publicApi
 */
export function Session(path: SessionPath, ...pipes: Pipe[]): ParameterDecorator;
export function Session(...pipes: Pipe[]): ParameterDecorator;
export function Session(first?: string | Pipe, ...pipes: Pipe[]): ParameterDecorator {
  return typeof first === 'string' || first === undefined
    ? fromSession(first, ...pipes)
    : fromSession(undefined, first, ...pipes);
}

/**
 * Who is logged in, as a parameter; undefined when nobody is.
 *
 * @example
 * \@Get('me')
 * me(@Principal() userId: string) {}
 *
 * @publicApi
 */
export const Principal: (...pipes: Pipe[]) => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => {
    const session = sessionOfContext(context);
    return session.active.isRead ? session.principal : loaded(session).then(() => session.principal);
  },
);

function loaded(session: RequestSession): Promise<void> {
  return session.active.load().catch((error: unknown) => Promise.reject(asHttp(error)));
}

function pick(session: RequestSession, path: string | undefined): unknown {
  if (path === undefined) {
    return session.session;
  }
  const [name = '', ...rest] = path.split('.');
  return rest.reduce(
    ownValue,
    session.session == null ? undefined : atEdge(() => session.active.live.get(name)),
  );
}

/** Only what is in the data itself: no path leads to a prototype. */
function ownValue(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (Reflect.get(value, name) as unknown)
    : undefined;
}
