import type { IncomingMessage } from 'node:http';
import type { CookieAttributes } from '../core/meta.js';
import type { Lifetime } from '../core/lifetime.js';
import type { ResolvedRegistry } from './check-registry.js';
import type {
  SessionAuthOptions,
  SessionMiddlewareOptions,
  SessionOptions,
  SessionRoutes,
} from './session.options.js';

/** Cookie attributes with every default filled in; `auto` is decided per request. */
export interface ResolvedCookie extends Omit<CookieAttributes, 'originalMaxAge' | 'secure' | 'sameSite'> {
  readonly maxAge: number | null;
  /** A fixed end, in milliseconds since the epoch, in place of `maxAge`. */
  readonly expiresAt?: number;
  readonly path: string;
  readonly httpOnly: boolean;
  readonly secure: boolean | 'auto';
  readonly sameSite: boolean | 'lax' | 'strict' | 'none' | 'auto';
}

/** Options after defaults and checks: what everything else works with. */
export interface ResolvedSessionOptions {
  readonly secrets: readonly [string, ...string[]];
  readonly store: SessionOptions['store'];
  readonly name: string;
  readonly lifetime: Lifetime;
  /** The limits of sessions that are to be remembered. */
  readonly remember: Pick<Lifetime, 'idle' | 'absolute'>;
  /** Whether a session's idle timeout is what the function for the cookie says of its request. */
  readonly idleFollowsCookie: boolean;
  readonly isLazy: boolean;
  readonly cookie: (req: IncomingMessage) => ResolvedCookie;
  /** The same attributes where they do not depend on the request. */
  readonly fixedCookie: ResolvedCookie | undefined;
  readonly rolling: boolean;
  readonly saveUninitialized: boolean;
  readonly unset: 'destroy' | 'keep';
  readonly proxy: boolean | undefined;
  readonly maxBytes: number;
  readonly operationTimeout: number;
  readonly maxPending: number;
  readonly requireStoreAtBoot: boolean;
  readonly mount: 'auto' | 'manual';
  readonly routes: SessionRoutes;
  /** Undefined when it is not kept who is logged in where. */
  readonly registry: ResolvedRegistry | undefined;
  readonly auth: SessionAuthOptions;
  readonly onEvent: SessionOptions['onEvent'];
  readonly logger: SessionOptions['logger'];
  readonly clock: SessionOptions['clock'];
  readonly onCommitError: SessionMiddlewareOptions['onCommitError'];
  readonly isProduction: boolean;
  /** Lines for the log about options that mean nothing here. */
  readonly remarks: readonly string[];
}
