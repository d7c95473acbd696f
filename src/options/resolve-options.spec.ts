import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from './resolve-options.js';
import type { ResolvedCookie } from './resolved-options.js';
import type { SessionOptions } from './session.options.js';

const SECRET = 'Wm3J8xqRzT5vL1nB7cYk2HpD9sFg4AuE';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const REQUEST = { headers: {} } as IncomingMessage;

/** Options as people in plain JavaScript may give them. */
const resolve = (options: Record<string, unknown>, isProduction = false) =>
  resolveOptions({ secret: SECRET, ...options } as unknown as SessionOptions, isProduction);

const cookieOf = (options: Record<string, unknown>, isProduction = false): ResolvedCookie =>
  resolve(options, isProduction).cookie(REQUEST);

describe('the defaults', () => {
  it('are these', () => {
    const { cookie, secrets, ...others } = resolve({});
    expect(secrets).toEqual([SECRET]);
    expect(cookie(REQUEST)).toEqual({
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure: 'auto',
      maxAge: null,
    });
    expect(others).toMatchObject({
      store: undefined,
      name: 'sid',
      lifetime: { idle: 30 * MINUTE, absolute: 12 * HOUR, touchAfter: 3 * MINUTE, renewAfter: undefined },
      remember: { idle: 30 * 24 * HOUR, absolute: 90 * 24 * HOUR },
      onEvent: undefined,
      isLazy: false,
      rolling: false,
      saveUninitialized: false,
      unset: 'keep',
      proxy: undefined,
      maxBytes: 256 * 1024,
      operationTimeout: 5_000,
      maxPending: 1_000,
      mount: 'auto',
      routes: {},
      auth: {},
      logger: undefined,
      clock: undefined,
      onCommitError: undefined,
      isProduction: false,
      remarks: [],
    });
  });

  it('in production are a secure cookie whose name says that it is of this host only', () => {
    const { name, cookie } = resolve({}, true);
    expect([name, cookie(REQUEST).secure]).toEqual(['__Host-sid', true]);
  });

  it.each<[string, Record<string, unknown>]>([
    ['it is not secure', { cookie: { secure: false } }],
    ['it is secure only sometimes', { cookie: { secure: 'auto' } }],
    ['it has a domain', { cookie: { domain: 'example.com' } }],
    ['it has a path', { cookie: { path: '/shop' } }],
    ['nobody knows yet', { cookie: () => ({}) }],
  ])('in production keep the plain name where %s', (_why, options) => {
    expect(resolve(options, true).name).toBe('sid');
  });

  it('follow from each other', () => {
    expect(resolve({ idleTimeout: '1h' }).lifetime).toMatchObject({ idle: HOUR, touchAfter: 6 * MINUTE });
    expect(resolve({ absoluteTimeout: '10m' }).lifetime).toMatchObject({ idle: 10 * MINUTE });
    expect(resolve({ cookie: { maxAge: 2 * HOUR } }).lifetime).toMatchObject({ idle: 2 * HOUR });
    expect(resolve({ cookie: { maxAge: 100 * HOUR } }).lifetime).toMatchObject({ idle: 12 * HOUR });
    expect(resolve({ cookie: { maxAge: 2 * HOUR }, idleTimeout: 5 * MINUTE }).lifetime.idle).toBe(5 * MINUTE);
  });

  it('are frozen, and chosen by NODE_ENV where nobody says', () => {
    expect(Object.isFrozen(resolve({}))).toBe(true);
    expect(resolveOptions({ secret: SECRET }).isProduction).toBe(process.env['NODE_ENV'] === 'production');
  });
});

describe('what may be said', () => {
  it.each<[unknown, number]>([
    ['90s', 90_000],
    ['14 days', 14 * 24 * HOUR],
    [1_000, 1_000],
  ])('absoluteTimeout: %j', (absoluteTimeout, ms) => {
    expect(resolve({ absoluteTimeout }).lifetime.absolute).toBe(ms);
  });

  it('several secrets, the first to sign with', () => {
    expect(resolve({ secret: [SECRET, `old ${SECRET}`] }).secrets).toEqual([SECRET, `old ${SECRET}`]);
  });

  it('sameSite as express-session says it', () => {
    const sameSite = (value: unknown, secure: unknown = true) =>
      cookieOf({ cookie: { sameSite: value, secure } }).sameSite;
    expect([true, false, 'strict', 'none', 'auto'].map((value) => sameSite(value))).toEqual([
      'strict',
      false,
      'strict',
      'none',
      'auto',
    ]);
  });

  it('resave, which is ignored with one line', () => {
    expect(resolve({ resave: true }).remarks).toEqual([expect.stringMatching(/"resave".*ignored/)]);
  });

  it('touchAfter: 0, to write every activity', () => {
    expect(resolve({ touchAfter: 0 }).lifetime.touchAfter).toBe(0);
  });
});
