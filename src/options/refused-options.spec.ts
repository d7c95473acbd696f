import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { MemorySessionStore } from '../stores/memory/memory.store.js';
import { checkStore } from './check-store.js';
import { resolveOptions } from './resolve-options.js';
import { SessionOptionsError } from './session-options.error.js';
import type { SessionOptions } from './session.options.js';

const SECRET = 'Wm3J8xqRzT5vL1nB7cYk2HpD9sFg4AuE';

/** The error that options are refused with. */
function refusal(options: unknown, isProduction = false): SessionOptionsError {
  try {
    resolveOptions(options as SessionOptions, isProduction);
  } catch (error) {
    if (error instanceof SessionOptionsError) {
      return error;
    }
    throw error;
  }
  throw new Error('The options were accepted.');
}

describe('P11 an insecure or meaningless set-up', () => {
  it.each<[string, string, Record<string, unknown>, RegExp, RegExp]>([
    // what it is, option, options, problem, fix
    ['no secret', 'secret', { secret: undefined }, /missing/, /openssl rand/],
    ['an empty secret', 'secret', { secret: '' }, /missing/, /openssl rand/],
    ['no secret in the list', 'secret', { secret: [] }, /missing/, /openssl rand/],
    ['a short secret', 'secret', { secret: 'keyboard cat' }, /12 characters, at least 32/, /openssl rand/],
    [
      'a short secret among others',
      'secret',
      { secret: [SECRET, 'keyboard cat'] },
      /12 characters/,
      /openssl/,
    ],
    ['a secret that repeats', 'secret', { secret: 'abcabc'.repeat(8) }, /can be guessed/, /openssl rand/],
    [
      'SameSite=None without Secure',
      'cookie.sameSite',
      { cookie: { sameSite: 'none' } },
      /"none" without secure/,
      /cookie\.secure/,
    ],
    [
      'SameSite=None, sometimes Secure',
      'cookie.sameSite',
      { cookie: { sameSite: 'none', secure: 'auto' } },
      /"none"/,
      /'lax'/,
    ],
    [
      '__Host- with a domain',
      'name',
      { name: '__Host-a', cookie: { secure: true, domain: 'a.b' } },
      /"__Host-a" allows no domain/,
      /cookie\.domain/,
    ],
    [
      '__Host- with a path',
      'name',
      { name: '__Host-a', cookie: { secure: true, path: '/a' } },
      /no path but/,
      /cookie\.path/,
    ],
    [
      '__Host- without Secure',
      'name',
      { name: '__Host-a', cookie: { secure: false } },
      /needs a secure cookie/,
      /cookie\.secure/,
    ],
    ['__Host- of other capitals', 'name', { name: '__hOST-a' }, /needs a secure cookie/, /cookie\.secure/],
    ['__Secure- without Secure', 'name', { name: '__Secure-a' }, /needs a secure cookie/, /cookie\.secure/],
    ['a name that is none', 'name', { name: 'my session' }, /"my session" is no name/, /'sid'/],
    ['a negative idle timeout', 'idleTimeout', { idleTimeout: -1 }, /-1 is no duration/, /'30m'/],
    ['no idle timeout', 'idleTimeout', { idleTimeout: 0 }, /0 is no duration/, /'30m'/],
    ['an endless idle timeout', 'idleTimeout', { idleTimeout: Infinity }, /is no duration/, /'30m'/],
    [
      'a malformed duration',
      'absoluteTimeout',
      { absoluteTimeout: '12 parsecs' },
      /"12 parsecs" is no duration/,
      /'12h'/,
    ],
    [
      'a duration of another type',
      'operationTimeout',
      { operationTimeout: {} },
      /of type object is no duration/,
      /milliseconds/,
    ],
    [
      'idle longer than absolute',
      'idleTimeout',
      { idleTimeout: '2h', absoluteTimeout: '1h' },
      /7200000 ms is longer than absoluteTimeout \(3600000 ms\)/,
      /Shorten/,
    ],
    [
      'touches that come too late',
      'touchAfter',
      { touchAfter: '30m' },
      /not shorter than idleTimeout/,
      /fraction/,
    ],
    ['renewals that come too often', 'renewAfter', { renewAfter: '59s' }, /"59s"/, /'30m'/],
    ['touches before they are due', 'touchAfter', { touchAfter: -5 }, /-5 is no duration/, /'30m'/],
    ['an unknown option', 'ttl', { ttl: 5 }, /no such option/, /Known are secret, store/],
    [
      'an unknown attribute',
      'cookie.samesite',
      { cookie: { samesite: 'lax' } },
      /no such option/,
      /sameSite/,
    ],
    ['a date that is none', 'cookie.expires', { cookie: { expires: 'soon' } }, /"soon" is no date/, /maxAge/],
    ['no date', 'cookie.expires', { cookie: { expires: new Date(Number.NaN) } }, /is no date/, /maxAge/],
    [
      'a timeout that no timer can run',
      'operationTimeout',
      { operationTimeout: '30d' },
      /"30d" is no duration/,
      /'30m'/,
    ],
    [
      'a cookie that lasts no time',
      'cookie.maxAge',
      { cookie: { maxAge: 0 } },
      /0 is no number of milliseconds/,
      /Leave it out/,
    ],
    [
      'a cookie that lasts a text',
      'cookie.maxAge',
      { cookie: { maxAge: '1h' } },
      /"1h" is no number/,
      /Leave it out/,
    ],
    ['a cookie that is a text', 'cookie', { cookie: 'secure' }, /"secure" is no object/, /attributes/],
    [
      'a path that no cookie can have',
      'cookie.path',
      { cookie: { path: '/a;b' } },
      /"\/a;b" cannot stand/,
      /semicolons/,
    ],
    [
      'a domain that no cookie can have',
      'cookie.domain',
      { cookie: { domain: 7 } },
      /7 cannot stand/,
      /plain text/,
    ],
    [
      'a secure that is a text',
      'cookie.secure',
      { cookie: { secure: 'yes' } },
      /"yes" is not possible/,
      /true, false, "auto"/,
    ],
    ['genid', 'genid', { genid: () => 'x' }, /cannot be made by the application/, /256 random bits/],
    ['load that is none', 'load', { load: 'never' }, /"never" is not possible/, /"eager", "lazy"/],
    ['unset that is none', 'unset', { unset: 'forget' }, /"forget" is not possible/, /"keep", "destroy"/],
    ['mount that is none', 'mount', { mount: 'late' }, /"late" is not possible/, /"auto", "manual"/],
    ['rolling that is none', 'rolling', { rolling: 'yes' }, /"yes" is not possible/, /true, false/],
    ['proxy that is none', 'proxy', { proxy: 'nginx' }, /"nginx" is not possible/, /true, false/],
    ['no room', 'maxBytes', { maxBytes: 0 }, /0 is no whole number above zero/, /1000/],
    ['half an operation', 'maxPending', { maxPending: 0.5 }, /0\.5 is no whole number/, /1000/],
    ['a listener that is none', 'onEvent', { onEvent: 'log' }, /"log" is no function/, /leave it out/],
    ['a clock that is none', 'clock', { clock: Date.now }, /has not the methods now/, /leave it out/],
    [
      'half a logger',
      'logger',
      { logger: { warn() {} } },
      /has not the methods warn and error/,
      /leave it out/,
    ],
    ['auth that is none', 'auth', { auth: true }, /true is no object/, /by name/],
    ['an unknown option of auth', 'auth.login', { auth: { login: '/' } }, /no such option/, /loginUrl/],
    [
      'auth that asks for nothing',
      'auth.require',
      { auth: { require: [] } },
      /the list names no field/,
      /login\(\)/,
    ],
    [
      'auth that asks for no name',
      'auth.require',
      { auth: { require: '' } },
      /"" names no field/,
      /login\(\)/,
    ],
    [
      'auth.returnTo that is a page',
      'auth.returnTo',
      { auth: { loginUrl: '/login', returnTo: '/home' } },
      /"\/home" is not possible/,
      /true, false/,
    ],
    [
      'auth.principal that is none',
      'auth.principal',
      { auth: { principal: 'user' } },
      /"user" is no function/,
      /leave it out/,
    ],
    [
      'a login page that is none',
      'auth.loginUrl',
      { auth: { loginUrl: 'login' } },
      /"login" is neither/,
      /'\/login'/,
    ],
    [
      'a login page of whoever it is',
      'auth.loginUrl',
      { auth: { loginUrl: '//evil.example' } },
      /neither a path nor/,
      /'\/login'/,
    ],
    [
      'a login page of a script',
      'auth.loginUrl',
      { auth: { loginUrl: 'javascript:alert(1)' } },
      /neither/,
      /'\/login'/,
    ],
    ['a login page nowhere', 'auth.loginUrl', { auth: { loginUrl: 'https://' } }, /neither/, /'\/login'/],
    [
      'a login page with a header in it',
      'auth.loginUrl',
      { auth: { loginUrl: '/a\r\nSet-Cookie: b' } },
      /neither/,
      /'\/login'/,
    ],
    [
      'a page to confirm at that is none',
      'auth.confirmUrl',
      { auth: { confirmUrl: '//evil.example' } },
      /neither a path nor/,
      /'\/confirm'/,
    ],
    ['routes that are none', 'routes', { routes: '/health' }, /"\/health" is no object/, /by name/],
  ])('%s is refused by %s', (_what, option, options, problem, fix) => {
    const error = refusal({ secret: SECRET, ...options });
    expect(error).toMatchObject({ option, code: 'session_options_invalid' });
    expect(error.message).toMatch(new RegExp(`^Session option "${option.replaceAll('.', '\\.')}": `));
    expect(error.message).toMatch(problem);
    expect(error.message).toMatch(fix);
  });

  it.each([undefined, null, 'secret', [{ secret: SECRET }]])(
    '%j instead of options is refused',
    (options) => {
      expect(refusal(options).message).toMatch(/is no object/);
    },
  );

  it('never shows a secret', () => {
    const hidden = 'keyboard cat and a little more';
    for (const secret of [hidden, [SECRET, hidden], { value: hidden }, `${hidden}\n`]) {
      const { message } = refusal({ secret });
      expect(message).not.toContain('keyboard');
    }
    expect(refusal({ secret: SECRET, ttl: SECRET }).message).not.toContain(SECRET);
  });

  it('in a function for the cookie is refused when it is asked', () => {
    const { cookie } = resolveOptions({
      secret: SECRET,
      name: '__Host-a',
      cookie: () => ({ secure: false }),
    });
    expect(() => cookie({ headers: {} } as IncomingMessage)).toThrow(/needs a secure cookie/);
  });
});

describe('P11 a store', () => {
  it('that nothing bounds does not start in production', () => {
    const unlimited = new MemorySessionStore({ maxSessions: Infinity, maxBytes: Infinity });
    expect(() => checkStore(unlimited, true)).toThrow(
      /option "store": .*without limits.*maxSessions and maxBytes/,
    );
    expect(checkStore(unlimited, false)).toBe(unlimited);
    const bounded = new MemorySessionStore({ maxSessions: Infinity });
    expect(checkStore(bounded, true)).toBe(bounded);
  });

  it.each<[unknown, RegExp]>([
    [undefined, /undefined is no session store.*extends SessionStore/],
    ['redis', /"redis" is no session store/],
    [{ read() {} }, /of type object is no session store/],
    [{ get() {}, set() {} }, /of type object is no session store.*made for express-session/],
  ])('that is %j is refused', (store, message) => {
    expect(() => checkStore(store, false)).toThrow(message);
    expect(() => checkStore(store, false)).toThrow(SessionOptionsError);
  });
});
