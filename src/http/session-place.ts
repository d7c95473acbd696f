import { type Clock, systemClock } from '../core/clock.js';
import { draftOf } from '../core/field-object.js';
import type { SessionBackend } from '../core/session-backend.js';
import type { SessionStore } from '../core/session-store.js';
import { Forwards } from '../core/forwards.js';
import type { Emit } from '../core/session-event.js';
import { PrincipalBackend } from '../core/principal-backend.js';
import { PrincipalIndex } from '../core/principal-index.js';
import { PrincipalSessions } from '../core/principal-sessions.js';
import { StoreBackend } from '../core/store-backend.js';
import { StoreGateway } from '../core/store-gateway.js';
import { systemRandom, tokensOf } from '../core/token.js';
import type { ResolvedRegistry } from '../options/check-registry.js';
import type { ResolvedSessionOptions } from '../options/resolved-options.js';
import { ExpressStoreAdapter } from '../stores/express/express.store.js';
import { CookieTransport } from './cookie.transport.js';
import { ExpressStoreView } from './express-store.js';
import type { TokenTransport } from './token.transport.js';

/** Where an application's sessions live, and how their tokens travel. */
export interface SessionPlace {
  readonly backend: SessionBackend;
  readonly transport: TokenTransport;
  /** `req.sessionStore`, in express-session's terms. */
  readonly expressStore: unknown;
  /** Who is logged in where, if that is kept. */
  readonly principals?: PrincipalSessions;
  /** Tells of sessions that the place ends by itself, as far as that can be known; answers what stops it. */
  watchExpiry?(): () => void;
  /** Gets ready, at boot. */
  open(): Promise<void>;
  /** Releases what was opened, at shutdown. */
  close(): Promise<void>;
}

/** What such a place works within. */
export interface PlaceSurroundings {
  /** Takes work that nobody waits for and whose failure harms nobody. */
  readonly background: (work: Promise<unknown>) => void;
  readonly emit: Emit;
  /** Runs something as no part of the request that it is for. */
  readonly outside: <T>(work: () => T) => T;
}

/** Sessions that live in a store. */
export function inStore(
  store: SessionStore,
  options: ResolvedSessionOptions,
  { background, emit, outside }: PlaceSurroundings,
): SessionPlace {
  const { name, secrets, operationTimeout, maxPending, lifetime, maxBytes } = options;
  const { principal } = options.auth;
  const clock: Clock = options.clock ?? systemClock;
  const tokens = tokensOf(store);
  const gateway = new StoreGateway(store, { operationTimeout, maxPending, outside });
  const random = systemRandom;
  const shared = { gateway, clock, random, operationTimeout, background, emit };
  const backend = new StoreBackend({ ...shared, lifetime, tokens, maxBytes });

  function withPrincipals({ limitOf }: ResolvedRegistry): Pick<SessionPlace, 'backend' | 'principals'> {
    const forwards = new Forwards(gateway, clock);
    const index = new PrincipalIndex({ ...shared, forwards });
    const sessions = new PrincipalSessions({ ...shared, index, forwards });
    return {
      backend: new PrincipalBackend(backend, { sessions, lifetime, clock, random, limitOf }),
      principals: sessions,
    };
  }

  const sessions = options.registry === undefined ? { backend } : withPrincipals(options.registry);
  return {
    ...sessions,
    transport: new CookieTransport(name, secrets, tokens),
    expressStore: new ExpressStoreView({
      ...shared,
      backend: sessions.backend,
      teller: {
        hasTeller: principal !== undefined,
        principalOf: (fields) => principal?.(draftOf(fields)),
      },
      ...(store instanceof ExpressStoreAdapter ? { extras: store.extras } : {}),
    }),
    watchExpiry: () => backend.watchExpiry(),
    open: () => gateway.open(),
    close: () => gateway.close(),
  };
}
