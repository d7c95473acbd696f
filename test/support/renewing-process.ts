import type { Clock, SessionEvent, SessionStore } from 'nest-sessions';
import { ActiveSession } from '../../src/core/active-session.js';
import { Forwards } from '../../src/core/forwards.js';
import type { AdmissionLimit } from '../../src/core/index-entries.js';
import { PrincipalBackend } from '../../src/core/principal-backend.js';
import { PrincipalIndex } from '../../src/core/principal-index.js';
import { PrincipalSessions } from '../../src/core/principal-sessions.js';
import type { Principal, Token } from '../../src/core/record.js';
import { SessionEngine } from '../../src/core/session-engine.js';
import { StoreBackend } from '../../src/core/store-backend.js';
import { StoreGateway } from '../../src/core/store-gateway.js';
import { HASHED_TOKENS, systemRandom } from '../../src/core/token.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** What these processes give a session another token after. */
export const RENEW_AFTER = 10 * MINUTE;

/** What a process in a test can be told. */
export interface RenewingSetting {
  readonly clock: Clock;
  readonly limit?: AdmissionLimit | undefined;
  readonly idle?: number;
  readonly absolute?: number;
  readonly renewAfter?: number;
  readonly operationTimeout?: number;
}

/** One process with `renewAfter` and the registry: its own engine and index, on a store that all share. */
export function renewingProcess(
  store: SessionStore,
  {
    clock,
    limit,
    idle = HOUR,
    absolute = 12 * HOUR,
    renewAfter = RENEW_AFTER,
    operationTimeout = 10_000,
  }: RenewingSetting,
) {
  const lifetime = { idle, absolute, touchAfter: idle / 10, renewAfter };
  const gateway = new StoreGateway(store, { operationTimeout, maxPending: 10_000 });
  const events: SessionEvent[] = [];
  const failures: unknown[] = [];
  const underWay = new Set<Promise<unknown>>();
  const shared = {
    gateway,
    clock,
    lifetime,
    operationTimeout,
    random: systemRandom,
    emit: (event: SessionEvent) => void events.push(event),
    background(work: Promise<unknown>) {
      const done = work.catch((error: unknown) => void failures.push(error));
      underWay.add(done);
      void done.then(() => underWay.delete(done));
    },
  };
  const forwards = new Forwards(gateway, clock);
  const index = new PrincipalIndex({ ...shared, forwards });
  const sessions = new PrincipalSessions({ ...shared, forwards, index });
  const engine = new SessionEngine({
    ...shared,
    backend: new PrincipalBackend(new StoreBackend({ ...shared, tokens: HASHED_TOKENS, maxBytes: 1e6 }), {
      ...shared,
      sessions,
      limitOf: () => limit,
    }),
    isLazy: false,
    saveUninitialized: false,
    onError: () => undefined,
  });

  /** A request with this token, its session loaded. */
  async function begin(token?: Token): Promise<ActiveSession> {
    const session = new ActiveSession(engine, () => (token === undefined ? undefined : { token }));
    await session.load();
    return session;
  }

  return {
    engine,
    sessions,
    events,
    failures,
    begin,
    /** Waits for what nobody waits for. */
    async quiet(): Promise<void> {
      while (underWay.size > 0) {
        await Promise.all(underWay);
      }
    },
    /** Logs somebody in and answers the token. */
    async login(name: string, from?: Token): Promise<Token> {
      const session = await begin(from);
      await session.login(name, { data: { count: 0 } });
      return tokenOf(session);
    },
    /** What a response does when its time has come: the token of the client after it. */
    async renew(token: Token): Promise<Token> {
      return finish(await begin(token));
    },
    /** Whether a token opens a session. */
    async opens(token: Token): Promise<boolean> {
      return (await begin(token)).live.held !== undefined;
    },
    /** The names of somebody's sessions. */
    async listed(name: string): Promise<string[]> {
      return (await sessions.list(name as Principal)).map(({ entry }) => entry.handle);
    },
    /** Ends some of somebody's sessions, and answers how many. */
    async revoke(name: string, handle?: string): Promise<number> {
      const ended = await sessions.end(
        name as Principal,
        (entry) => handle === undefined || entry.handle === handle,
      );
      return ended.length;
    },
  };
}

/** One of them. */
export type RenewingProcess = ReturnType<typeof renewingProcess>;

/** The end of a request, as the response does it: changes, another token or the activity. Answers what the client has then. */
export async function finish(session: ActiveSession): Promise<Token> {
  await session.commit();
  if (session.activity.isRotationDue) {
    await session.activity.rotate();
  }
  const due = session.activity.touchDue;
  if (due !== undefined) {
    await session.activity.write(due);
  }
  return tokenOf(session);
}

/** The token that a client has after a request. */
export function tokenOf(session: ActiveSession): Token {
  const { held } = session.live;
  if (held === undefined) {
    throw new Error('There is no session.');
  }
  return held.token;
}

/** The public name of a request's session. */
export function nameOf(session: ActiveSession): string | undefined {
  return session.live.held?.record.handle;
}
