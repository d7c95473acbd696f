import { type Clock, type SessionEvent, type SessionStore, systemClock } from 'nest-sessions';
import { ActiveSession } from '../../src/core/active-session.js';
import type { Held } from '../../src/core/held.js';
import { SessionEngine } from '../../src/core/session-engine.js';
import { StoreBackend } from '../../src/core/store-backend.js';
import { StoreGateway } from '../../src/core/store-gateway.js';
import { type SessionIdentity, systemRandom, tokensOf } from '../../src/core/token.js';

/** What an engine in a test can be told. */
export interface EngineSetting {
  /** Takes the changes that were dropped. */
  readonly events?: SessionEvent[];
  readonly clock?: Clock;
  readonly operationTimeout?: number;
}

/** An engine of its own on a store, as another process would have one: nothing but the store is shared. */
export function engineOn(
  store: SessionStore,
  { events = [], clock = systemClock, operationTimeout = 20_000 }: EngineSetting = {},
): SessionEngine {
  const lifetime = { idle: 60_000, absolute: 600_000, touchAfter: 6_000 };
  const gateway = new StoreGateway(store, { operationTimeout, maxPending: 10_000 });
  const emit = (event: SessionEvent) => void (event.type === 'lost-write' && events.push(event));
  const shared = { lifetime, clock, emit };
  return new SessionEngine({
    ...shared,
    backend: new StoreBackend({
      ...shared,
      gateway,
      random: systemRandom,
      tokens: tokensOf(store),
      maxBytes: 1e6,
      operationTimeout,
      background: (work) => void work.catch(() => undefined),
    }),
    isLazy: false,
    saveUninitialized: false,
    onError: () => undefined,
  });
}

/** A request with this token, its session loaded. */
export async function begin(engine: SessionEngine, token?: SessionIdentity): Promise<ActiveSession> {
  const session = new ActiveSession(engine, () => token);
  await session.load();
  return session;
}

/** Logs somebody in and answers what the client would hold. */
export async function loggedIn(
  engine: SessionEngine,
  data: Readonly<Record<string, unknown>> = { a: 0, b: 0, count: 0 },
): Promise<Held> {
  const session = await begin(engine);
  await session.login('ada', { data });
  const { held } = session.live;
  if (held === undefined) {
    throw new Error('the login left nothing');
  }
  return held;
}
