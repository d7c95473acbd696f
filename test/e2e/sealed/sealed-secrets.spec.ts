import { SealedCookieStore } from 'nest-sessions/cookie';
import { describe, expect, it } from 'vitest';
import { fakeClock } from 'nest-sessions/testing';
import { CookieClient } from '../../support/http-server.js';
import { expressApp } from '../../support/session-app.js';
import { headerOf, sealOf } from './watched-seal.js';

const OLDEST = 'oldest-3456789abcdef0123456789abcdef';
const OLD = 'middle-3456789abcdef0123456789abcdef';
const NEW = 'newest-3456789abcdef0123456789abcdef';

const clock = fakeClock(Date.now());

/** The same application with these secrets. */
async function withSecrets(...secret: string[]) {
  const app = await expressApp(
    {
      '/show': (req, res) => res.json({ ...req.session, cookie: undefined }),
      '/change': (req, res) => {
        req.session['n'] = 1;
        res.end();
      },
    },
    { store: new SealedCookieStore(), secret, clock },
  );
  return {
    ...app,
    /** The client of another application, as it meets this one. */
    taking(client: CookieClient): CookieClient {
      const taken = new CookieClient(app.url);
      client.cookies.forEach((value, name) => taken.cookies.set(name, value));
      return taken;
    },
  };
}

/** Which secret sealed a client's cookie. */
function sealedBy(client: CookieClient): string | undefined {
  const [header = ''] = sealOf(client).split('.');
  const text = Buffer.from(header, 'base64url').toString();
  return [OLDEST, OLD, NEW].find((secret) => text === JSON.stringify(headerOf(secret)));
}

describe('secrets that change', () => {
  it('log nobody out: the first seals, all of them open', async () => {
    const first = await withSecrets(OLDEST);
    const second = await withSecrets(OLD, OLDEST);
    const third = await withSecrets(NEW, OLD, OLDEST);
    const oldest = await first.knownClient();
    const old = await second.knownClient();
    expect([sealedBy(oldest), sealedBy(old)]).toEqual([OLDEST, OLD]);
    for (const client of [third.taking(oldest), third.taking(old), await third.knownClient()]) {
      expect((await client.read('/show')).text).toBe('{"user":"ada"}');
    }
  });

  it('are taken over with the next change', async () => {
    const client = (await withSecrets(NEW, OLD, OLDEST)).taking(
      await (await withSecrets(OLDEST)).knownClient(),
    );
    expect((await client.fetch('/show')).headers.getSetCookie()).toEqual([]);
    await client.read('/change');
    expect(sealedBy(client)).toBe(NEW);
    expect((await client.read('/show')).text).toBe('{"user":"ada","n":1}');
  });

  it('and with the next activity that is written', async () => {
    const client = (await withSecrets(NEW, OLD, OLDEST)).taking(await (await withSecrets(OLD)).knownClient());
    clock.advance(10 * 60_000);
    await client.read('/show');
    expect(sealedBy(client)).toBe(NEW);
  });

  it('are forgotten when they are taken out', async () => {
    const client = (await withSecrets(NEW, OLD)).taking(await (await withSecrets(OLDEST)).knownClient());
    expect((await client.read('/show')).text).toBe('{}');
  });

  it('can be in any order on the way: who has not the newest yet seals with theirs', async () => {
    const before = await withSecrets(OLD, NEW);
    const after = await withSecrets(NEW, OLD);
    const client = before.taking(await after.knownClient());
    await client.read('/change');
    expect(sealedBy(client)).toBe(OLD);
    expect((await after.taking(client).read('/show')).text).toBe('{"user":"ada","n":1}');
  });
});
