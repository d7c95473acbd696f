import type { ExecutionContext } from '@nestjs/common';
import { sessionOf } from './request-properties.js';
import type { RequestSession } from './request-session.js';

/**
 * The session of the request that a guard or decorator runs for: HTTP, or GraphQL with the request in its context.
 *
 * @throws {Error} where the session middleware did not run
 */
export function sessionOfContext(context: ExecutionContext): RequestSession {
  const request: unknown =
    context.getType<string>() === 'graphql' ? graphqlRequest(context) : context.switchToHttp().getRequest();
  const session = sessionOf(request);
  if (session === undefined) {
    throw notMounted();
  }
  return session;
}

/** What is said where there is no session to be had. */
export function notMounted(): Error {
  return new Error(
    'This request has no session. Import SessionModule.forRoot() in the root module, see that routes.exclude does not ' +
      "name the route, and with mount: 'manual' call applySession(app).",
  );
}

function graphqlRequest(context: ExecutionContext): unknown {
  const shared: unknown = context.getArgByIndex(2);
  return typeof shared === 'object' && shared !== null && 'req' in shared ? shared.req : undefined;
}
