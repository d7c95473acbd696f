import { expect } from 'vitest';
import type { CookieClient } from './http-server.js';
import { type AppOptions, type ExpressHandler, expressApp } from './session-app.js';
import { tokenOf } from './tokens.js';

/** A request with `req.session`. */
export type SessionRequest = Parameters<ExpressHandler>[0];

/** Runs each handler as a request of one client that has a session with `user: 'ada'`, and answers what they returned. */
export async function requests(options: AppOptions, ...handlers: ((req: SessionRequest) => unknown)[]) {
  const results: unknown[] = [];
  const app = await expressApp(
    Object.fromEntries(
      handlers.map((handler, i): [string, ExpressHandler] => [
        `/${i}`,
        async (req, res) => {
          results[i] = await handler(req);
          res.end();
        },
      ]),
    ),
    options,
  );
  const client: CookieClient = await app.knownClient();
  const token = tokenOf(client);
  for (const i of handlers.keys()) {
    expect((await client.fetch(`/${i}`)).status).toBe(200);
  }
  return { ...app, results, client, token };
}

/** The stored fields of a request's session, as `req.sessionStore` gives them. */
export function storedFields(req: SessionRequest): Promise<unknown> {
  const { sessionStore, sessionID } = req as unknown as {
    sessionStore: { get(id: string, callback: (error: unknown, fields: unknown) => void): void };
    sessionID: string;
  };
  return new Promise((resolve) => sessionStore.get(sessionID, (_error, fields) => resolve(fields)));
}
