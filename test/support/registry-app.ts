import { type SessionInfo, type SessionOptions, SessionRegistry } from 'nest-sessions';
import { fakeClock } from 'nest-sessions/testing';
import { expect } from 'vitest';
import type { CookieClient } from './http-server.js';
import { nestApp, type Script } from './nest-app.js';

/** An application that keeps who is logged in where, beside scripts of the test's own. */
export async function withRegistry(
  options: Partial<SessionOptions> = {},
  scripts: Readonly<Record<string, Script>> = {},
) {
  const of: { registry: SessionRegistry } = { registry: undefined as never };
  const login: Script = ({ sessions, req }) =>
    sessions.login(String(req.query.as ?? 'ada'), { keep: ['cart'] });
  const who: Script = ({ sessions }) => sessions.principal ?? 'nobody';
  const logout: Script = ({ sessions }) => sessions.logout();
  const list: Script = ({ req }) => of.registry.list(String(req.query.of ?? 'ada'));
  const clock = fakeClock();
  const app = await nestApp({
    options: { registry: true, clock, ...options },
    scripts: {
      login,
      who,
      logout,
      list,
      others: () => of.registry.revokeOthers().then(String),
      all: () => of.registry.revokeAll('ada').then(String),
      ...scripts,
    },
  });
  of.registry = app.app.get(SessionRegistry);

  /** A browser of its own that is logged in. */
  async function device(as = 'ada', headers: Record<string, string> = {}): Promise<CookieClient> {
    const client = app.client();
    expect((await client.read(`/login?as=${as}`, { headers })).status).toBe(200);
    return client;
  }
  const listed = async (client: CookieClient): Promise<(SessionInfo & Record<string, unknown>)[]> =>
    JSON.parse((await client.read('/list')).text);
  const knows = async (client: CookieClient) => (await client.read('/who')).text;
  return { ...app, registry: of.registry, clock, device, listed, knows };
}
