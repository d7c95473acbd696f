import { LONGEST_TIMER } from '../core/longest-timer.js';
import {
  checkDuration,
  checkFunction,
  checkInteger,
  checkMethods,
  checkNames,
  checkObject,
  checkOneOf,
} from './check.js';
import { checkAuth } from './check-auth.js';
import { checkLifetime, checkRemember } from './check-lifetime.js';
import { checkRegistry } from './check-registry.js';
import { checkCookie } from './check-cookie.js';
import { checkRoutes } from './check-routes.js';
import { checkSecrets } from './check-secret.js';
import type { ResolvedSessionOptions } from './resolved-options.js';
import { SessionOptionsError } from './session-options.error.js';
import type { SessionMiddlewareOptions, SessionOptions } from './session.options.js';

const DEFAULTS = {
  maxBytes: 256 * 1024,
  operationTimeout: 5_000,
  maxPending: 1_000,
} as const;

const KNOWN = [
  'secret',
  'store',
  'name',
  'idleTimeout',
  'absoluteTimeout',
  'touchAfter',
  'renewAfter',
  'remember',
  'load',
  'cookie',
  'rolling',
  'saveUninitialized',
  'unset',
  'proxy',
  'maxBytes',
  'operationTimeout',
  'maxPending',
  'requireStoreAtBoot',
  'mount',
  'routes',
  'registry',
  'maxSessions',
  'onLimit',
  'auth',
  'onEvent',
  'logger',
  'clock',
  'resave',
  'onCommitError',
] satisfies (keyof SessionOptions | keyof SessionMiddlewareOptions)[];

/**
 * Fills in the defaults and refuses what would be insecure or mean nothing. Done once, at boot.
 *
 * @throws {SessionOptionsError} naming the option, the problem and the fix
 */
export function resolveOptions(
  options: SessionOptions & SessionMiddlewareOptions,
  isProduction = process.env.NODE_ENV === 'production',
): ResolvedSessionOptions {
  checkObject('options', options);
  refuseGenid(options);
  checkNames('', options, KNOWN);
  const { name, cookie, fixed, maxAge } = checkCookie(options.cookie, options.name, isProduction);
  return Object.freeze({
    secrets: checkSecrets(options.secret),
    store: options.store,
    name,
    cookie,
    fixedCookie: fixed,
    lifetime: checkLifetime(options, maxAge),
    remember: checkRemember(options.remember ?? {}),
    idleFollowsCookie: options.idleTimeout === undefined && typeof options.cookie === 'function',
    isLazy: checkOneOf('load', options.load ?? 'eager', ['eager', 'lazy'] as const) === 'lazy',
    rolling: flag('rolling', options.rolling),
    saveUninitialized: flag('saveUninitialized', options.saveUninitialized),
    unset: checkOneOf('unset', options.unset ?? 'keep', ['keep', 'destroy'] as const),
    proxy: options.proxy === undefined ? undefined : flag('proxy', options.proxy),
    maxBytes: checkInteger('maxBytes', options.maxBytes ?? DEFAULTS.maxBytes),
    operationTimeout: checkDuration(
      'operationTimeout',
      options.operationTimeout ?? DEFAULTS.operationTimeout,
      { most: LONGEST_TIMER },
    ),
    maxPending: checkInteger('maxPending', options.maxPending ?? DEFAULTS.maxPending),
    requireStoreAtBoot: flag('requireStoreAtBoot', options.requireStoreAtBoot),
    mount: checkOneOf('mount', options.mount ?? 'auto', ['auto', 'manual'] as const),
    routes: checkRoutes(options.routes ?? {}),
    registry: checkRegistry(options),
    auth: checkAuth(options.auth ?? {}),
    onEvent: checkFunction('onEvent', options.onEvent),
    logger: checkMethods('logger', options.logger, ['warn', 'error']),
    clock: checkMethods('clock', options.clock, ['now']),
    onCommitError: checkFunction('onCommitError', options.onCommitError),
    isProduction,
    remarks:
      options.resave === undefined
        ? []
        : ['The option "resave" means nothing here and is ignored: only changes are written.'],
  });
}

function refuseGenid(options: object): void {
  if ('genid' in options) {
    throw new SessionOptionsError({
      option: 'genid',
      problem: 'session ids cannot be made by the application',
      fix: 'Leave it out: tokens are 256 random bits and the id is their hash.',
    });
  }
}

function flag(option: string, value: unknown): boolean {
  return checkOneOf(option, value ?? false, [true, false] as const);
}
