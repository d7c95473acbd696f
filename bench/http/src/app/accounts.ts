import type { PageFields } from './session-fields.js';

/** A request as the pages see it, whatever made its session. */
export interface PageRequest {
  readonly session?: PageFields | null;
  /** On Fastify: Node's own request, where middleware leaves what it makes. */
  readonly raw?: { readonly session?: PageFields | null };
}

/** The session of a request, where there is one. */
export function sessionOf(req: PageRequest): PageFields | null | undefined {
  return req.session ?? req.raw?.session;
}

/** Logging in and out, the way each library documents it. */
export abstract class Accounts {
  abstract login(req: PageRequest, fields: PageFields): Promise<void>;
  abstract logout(req: PageRequest): Promise<void>;
}
