import { hkdfSync } from 'node:crypto';
import session from 'express-session';
import { sign } from 'cookie-signature';
import { describe, expect, it } from 'vitest';
import { RawClient } from '../support/http-server.js';
import { SECRET } from '../support/nest-app.js';
import { plainRequest } from '../support/plain-request.js';
import { type ReturnApp, returnApp } from '../support/return-app.js';
import { signed } from '../support/tokens.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const OTHER_SECRET = 'fedcba9876543210fedcba9876543210';

/** What follows the name in the cookie, as the application would write it. */
function returnValue(page: string, made: number, { secret = SECRET, name = 'sid.return' } = {}): string {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `nest-sessions/return-to/v1/${name}`, 32));
  return sign(`${made}.${Buffer.from(page).toString('base64url')}`, key);
}

/** Where a login leads that comes with such cookies. */
async function leadsTo({ url }: ReturnApp, cookie: string): Promise<string | undefined> {
  const { status, headers } = await plainRequest(`${url}/login?fallback=/home`, {
    method: 'POST',
    headers: { cookie },
  });
  expect(status).toBe(303);
  return headers.location;
}

/** The cookie of somebody who asked for a page. */
async function remembered({ url }: ReturnApp, page = '/admin'): Promise<string> {
  const { headers } = await plainRequest(url + page, { headers: { 'sec-fetch-mode': 'navigate' } });
  return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
}

describe('a cookie of the page to go back to', () => {
  it('that is as it was made is believed', async () => {
    const app = await returnApp();
    const made = await remembered(app);
    expect(made).toBe(`sid.return=${returnValue('/admin', app.clock.now())}`);
    expect(await leadsTo(app, made)).toBe('/admin');
  });

  it.each([
    ['an address', 'https://evil.example'],
    ['a host', '//evil.example'],
    ['a host behind a backslash', '/\\evil.example'],
    ['a script', 'javascript:alert(1)'],
    ['two lines', '/a\r\nSet-Cookie: b=c'],
    ['a host behind dot segments', '/..//evil.example'],
    ['an encoded host', '/%2fevil.example'],
    ['letters that are not encoded', '/größe'],
    ['nothing', ''],
    ['what is too long', `/${'a'.repeat(2_048)}`],
  ])('that was signed for %s is not', async (_what, page) => {
    const app = await returnApp();
    expect(await leadsTo(app, `sid.return=${returnValue(page, app.clock.now())}`)).toBe('/home');
  });

  it('that was changed anywhere is not', async () => {
    const app = await returnApp();
    const value = (await remembered(app)).replace('sid.return=', '');
    for (let at = 0; at < value.length; at++) {
      const changed = value.slice(0, at) + (value[at] === 'A' ? 'B' : 'A') + value.slice(at + 1);
      expect(await leadsTo(app, `sid.return=${changed}`), `changed at ${at}`).toBe('/home');
    }
  });

  it.each([
    ['nothing', () => ''],
    ['nonsense', () => '%E0%A4%A'],
    ['no signature', (now: number) => returnValue('/admin', now).replace(/\.[^.]*$/, '')],
    ['a path in the open', () => '/admin'],
    [
      'the signature of another secret',
      (now: number) => returnValue('/admin', now, { secret: OTHER_SECRET }),
    ],
    ['the signature for another cookie', (now: number) => returnValue('/admin', now, { name: 'b.return' })],
    ['the secret itself as key', (now: number) => sign(`${now}.L2FkbWlu`, SECRET)],
    ['16 KB of digits', () => '1'.repeat(12_000)],
  ])('with %s is not', async (_what, value) => {
    const app = await returnApp();
    expect(await leadsTo(app, `sid.return=${value(app.clock.now())}`)).toBe('/home');
  });

  it('is believed for ten minutes, by the server too', async () => {
    const app = await returnApp();
    const made = await remembered(app);
    app.clock.advance(10 * MINUTE - 1);
    expect(await leadsTo(app, made)).toBe('/admin');
    app.clock.advance(1);
    expect(await leadsTo(app, made)).toBe('/home');
  });

  it('is not believed when the clock steps back an hour, and as before when it is back', async () => {
    const app = await returnApp();
    const made = await remembered(app);
    app.clock.advance(-HOUR);
    expect(await leadsTo(app, made)).toBe('/home');
    expect(await leadsTo(app, await remembered(app, '/new'))).toBe('/new');
    app.clock.advance(HOUR);
    expect(await leadsTo(app, made)).toBe('/admin');
  });

  it('of a process whose clock is a little ahead is believed', async () => {
    const app = await returnApp();
    expect(await leadsTo(app, `sid.return=${returnValue('/admin', app.clock.now() + MINUTE)}`)).toBe(
      '/admin',
    );
  });

  it('that an old secret signed is believed; the first one signs', async () => {
    const app = await returnApp({ secret: [OTHER_SECRET, SECRET] });
    const { clock } = app;
    expect(await leadsTo(app, `sid.return=${returnValue('/admin', clock.now())}`)).toBe('/admin');
    expect(await remembered(app)).toBe(
      `sid.return=${returnValue('/admin', clock.now(), { secret: OTHER_SECRET })}`,
    );
  });

  it('that comes twice is the newest that is ours', async () => {
    const app = await returnApp();
    const now = app.clock.now();
    const values = [
      returnValue('/old', now - MINUTE),
      returnValue('/new', now),
      returnValue('/planted', now + 1, { secret: OTHER_SECRET }),
      returnValue('/older', now - 2 * MINUTE),
    ];
    expect(await leadsTo(app, values.map((value) => `sid.return=${value}`).join('; '))).toBe('/new');
  });

  it('is no session, whatever the store takes for a token', async () => {
    const app = await returnApp({ store: new session.MemoryStore() });
    const value = returnValue('/admin', app.clock.now());
    for (const cookie of [`sid=${value}`, `sid=s:${value}`, `sid=${encodeURIComponent(`s:${value}`)}`]) {
      const { status } = await plainRequest(`${app.url}/admin`, { headers: { cookie } });
      expect(status).toBe(401);
    }
  });

  it('is no session: the store is not even asked', async () => {
    const app = await returnApp();
    const value = returnValue('/admin', app.clock.now());
    await plainRequest(`${app.url}/admin`, { headers: { cookie: `sid=s:${value}; sid=${value}` } });
    expect(app.store.calls).toEqual([]);
  });

  it('is not what the cookie of a session is', async () => {
    const app = await returnApp({ store: new session.MemoryStore() });
    const client = app.client();
    await client.read('/login', { method: 'POST' });
    const own = client.cookies.get('sid') ?? '';
    expect(own).not.toBe('');
    // Also what such a store might have drawn as a token: text in the form of the other cookie.
    const alike = signed(`${app.clock.now()}.L2FkbWlu`, SECRET);
    for (const value of [own, alike, decodeURIComponent(alike).slice(2)]) {
      expect(await leadsTo(app, `sid.return=${value}`)).toBe('/home');
    }
  });
});

describe('a request target that no browser sends', () => {
  it.each([
    '//evil.example/x',
    '///evil.example/x',
    'http://other.example/x',
    'HTTP://other.example/x',
    'http://other.example//evil.example',
    '/\\evil.example/x',
    '/x\\y',
    '/%2fevil.example',
    '/%5Cevil.example',
    '/..//evil.example',
    '/a/%2e%2e//evil.example',
    '/x%0d%0aSet-Cookie:%20a=b',
    '/x#y',
    '/gr\u00c3\u00b6\u00c3\u009fe',
    'javascript:alert(1)',
    '*',
  ])('is not remembered: %s', async (target) => {
    const app = await returnApp();
    const client = await RawClient.connect(Number(new URL(app.url).port));
    client.socket.setDefaultEncoding('latin1');
    client.get(target, 'Sec-Fetch-Mode: navigate', 'Connection: close');
    const answer = await client.closed();
    expect(answer).toMatch(/^HTTP\/1\.1 (?:303|40\d) /);
    expect(answer).not.toMatch(/^set-cookie:/im);
    expect(answer.match(/^location: (.*)$/im)?.[1] ?? '/login').toBe('/login');
  });

  it('is remembered when only its host is odd: the page is of this application', async () => {
    const app = await returnApp();
    const client = await RawClient.connect(Number(new URL(app.url).port));
    client.send(
      'GET /admin HTTP/1.1\r\nHost: evil.example\r\nSec-Fetch-Mode: navigate\r\nConnection: close\r\n\r\n',
    );
    const cookie = /^set-cookie: ([^;]*)/im.exec(await client.closed())?.[1] ?? '';
    expect(await leadsTo(app, cookie)).toBe('/admin');
  });
});
