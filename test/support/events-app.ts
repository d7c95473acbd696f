import { type SessionOptions, SessionRegistry } from 'nest-sessions';
import { fakeClock } from 'nest-sessions/testing';
import { expect } from 'vitest';
import { EventRecorder } from './event-recorder.js';
import { nestApp, type Script } from './nest-app.js';

/** An application of which every event is recorded. */
export async function withEvents(
  options: Partial<SessionOptions> = {},
  scripts: Record<string, Script> = {},
) {
  const recorder = new EventRecorder();
  const clock = fakeClock();
  const of: { registry: SessionRegistry } = { registry: undefined as never };
  const app = await nestApp({
    options: { clock, onEvent: recorder.take, ...options },
    scripts: {
      fill: ({ req }) => void (req.session.cart = ['tea']),
      look: ({ sessions }) => sessions.get('cart') ?? [],
      login: ({ sessions, req }) => sessions.login(String(req.query.as ?? 'ada')),
      regenerate: ({ sessions }) => sessions.regenerate({ keep: ['cart'] }),
      confirm: ({ sessions }) => sessions.confirm(),
      logout: ({ sessions }) => sessions.logout(),
      forget: ({ req }) => new Promise((resolve) => req.sessionStore.destroy(req.sessionID, resolve)),
      others: () => of.registry.revokeOthers().then(String),
      all: () => of.registry.revokeAll('ada').then(String),
      ...scripts,
    },
  });
  of.registry = app.app.get(SessionRegistry);
  const { events, take } = recorder;
  const taken = () => recorder.taken();
  /** Goes to paths one after another as one client, and answers what was told meanwhile. */
  async function told(client: ReturnType<typeof app.client>, ...paths: string[]): Promise<string[]> {
    for (const path of paths) {
      expect((await client.read(`/${path}`)).status).toBeLessThan(400);
    }
    return taken();
  }
  return { ...app, registry: of.registry, clock, events, take, taken, told };
}
