import type { Express } from 'express';
import { describe, expect, it } from 'vitest';
import { type AppOptions, type ExpressHandler, expressApp } from '../support/session-app.js';
import { tokenOf } from '../support/tokens.js';

const fill: ExpressHandler = (req, res) => {
  req.session['user'] = 'ada';
  res.end();
};

/** The Set-Cookie header of a request that begins a session. */
async function begun(
  options: AppOptions & { setUp?: (app: Express) => void },
  headers: Record<string, string> = {},
) {
  const app = await expressApp({ '/fill': fill }, options);
  const response = await app.client().fetch('/fill', { headers });
  return { ...app, line: response.headers.getSetCookie()[0], status: response.status };
}

const HTTPS = { 'x-forwarded-proto': 'https' };
const trust = (app: Express): void => void app.set('trust proxy', true);

describe('secure', () => {
  it.each<[string, Parameters<typeof begun>[0], Record<string, string>, boolean]>([
    ["'auto' over http", {}, {}, false],
    ["'auto' where a proxy says https and nobody believes it", {}, HTTPS, false],
    ["'auto' where a proxy says https and proxy: true", { proxy: true }, HTTPS, true],
    [
      "'auto' where a proxy says https among others",
      { proxy: true },
      { 'x-forwarded-proto': 'HTTPS , http' },
      true,
    ],
    ["'auto' where a proxy says http", { proxy: true }, { 'x-forwarded-proto': 'http, https' }, false],
    ["'auto' where Express trusts the proxy", { setUp: trust }, HTTPS, true],
    [
      "'auto' where Express trusts the proxy and proxy: false does not",
      { setUp: trust, proxy: false },
      HTTPS,
      false,
    ],
  ])('%s', async (_name, { setUp, ...options }, headers, isSecure) => {
    const { line } = await begun({ ...options, ...(setUp === undefined ? {} : { setUp }) }, headers);
    expect(/; Secure/.test(line ?? '')).toBe(isSecure);
    expect(line).toMatch(/^sid=s%3A/);
  });

  it('true sends the cookie over https only, and says so once', async () => {
    const { line, log, client, store } = await begun({ cookie: { secure: true } });
    await client().fetch('/fill');
    expect(line).toBeUndefined();
    expect(log.warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(/plain http.*proxy: true/),
    ]);
    expect(store.count('create')).toBe(2);
    const behindProxy = await begun({ cookie: { secure: true }, proxy: true }, HTTPS);
    expect(behindProxy.line).toMatch(/; Secure/);
  });

  it("sameSite: 'auto' is none over https and lax over http", async () => {
    const options: AppOptions = { cookie: { sameSite: 'auto' as never }, proxy: true };
    expect((await begun(options)).line).toMatch(/SameSite=Lax/);
    expect((await begun(options, HTTPS)).line).toMatch(/Secure; SameSite=None/);
  });
});

describe('name', () => {
  it('is the cookie’s', async () => {
    const { line } = await begun({ name: 'shop.session' });
    expect(line).toMatch(/^shop\.session=s%3A/);
  });

  it('of another cookie that ours is a part of is not taken for it', async () => {
    const { store, client } = await begun({ name: 'id' });
    const known = client();
    await known.fetch('/fill');
    const stranger = client();
    stranger.cookies.set('sid', known.cookies.get('id')!);
    stranger.cookies.set('id2', known.cookies.get('id')!);
    await stranger.fetch('/fill');
    expect(store.count('read')).toBe(0);
  });
});

describe('secret', () => {
  const OLD = 'an old secret that has been in use a while';
  const NEW = 'a new secret that nobody has seen till now';

  it('of several the first signs and all are accepted, so that it can be changed without logging out', async () => {
    const look: ExpressHandler = (req, res) => res.json(req.session['user'] ?? null);
    const { store, client } = await expressApp({ '/fill': fill, '/look': look }, { secret: OLD });
    const known = client();
    await known.fetch('/fill');
    const signatureOf = (cookie: string | undefined) => cookie?.split('.')[1];
    for (const [secret, answer] of [
      [[NEW, OLD], '"ada"'],
      [NEW, 'null'],
    ] as const) {
      const next = await expressApp({ '/fill': fill, '/look': look }, { secret, store });
      const visitor = next.client();
      visitor.cookies.set('sid', known.cookies.get('sid')!);
      expect((await visitor.read('/look')).text).toBe(answer);
      const other = next.client();
      await other.fetch('/fill');
      const again = await expressApp({ '/fill': fill, '/look': look }, { secret: NEW, store });
      const moved = again.client();
      moved.cookies.set('sid', other.cookies.get('sid')!);
      expect((await moved.read('/look')).text).toBe('"ada"');
      expect(signatureOf(other.cookies.get('sid'))).not.toBe(signatureOf(known.cookies.get('sid')));
      expect(tokenOf(other)).not.toBe(tokenOf(known));
    }
  });
});
