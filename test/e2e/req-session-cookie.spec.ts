import session from 'express-session';
import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import { failure } from '../support/run-scripts.js';
import { type AppOptions, type ExpressHandler, expressApp } from '../support/session-app.js';
import { settled } from '../support/settled.js';

const HOUR = 3_600_000;

type Use = (cookie: session.Cookie, req: Parameters<ExpressHandler>[0]) => unknown;

/** An application whose `/use` runs this on `req.session.cookie`, a client with a session, and a clock to move. */
async function withCookie(use: Use = () => undefined, options: AppOptions = {}) {
  // Not in the past: clients drop a cookie whose Expires is.
  const clock = fakeClock(Math.ceil(Date.now() / 1_000) * 1_000);
  const app = await expressApp(
    {
      '/use': async (req, res) => res.json((await use(req.session['cookie'] as session.Cookie, req)) ?? null),
      '/look': (req, res) => res.json(req.session['user'] ?? null),
      '/idle': (_req, res) => res.end(),
    },
    { clock, ...options },
  );
  const client = await app.knownClient();
  const visit = async (path: string, headers: Record<string, string> = {}) => {
    const response = await client.fetch(path, { headers });
    await settled();
    const [setCookie] = response.headers.getSetCookie();
    return {
      status: response.status,
      text: await response.text(),
      attributes: setCookie && attributesOf(setCookie),
    };
  };
  return { ...app, clock, client, visit };
}

/** Everything of a Set-Cookie header but its name and value. */
function attributesOf(setCookie: string): string {
  return setCookie.replace(/^[^;]*(?:; )?/, '');
}

const expires = (time: number) => `Expires=${new Date(time).toUTCString()}`;

describe('a session’s own cookie', () => {
  it('maxAge makes it persistent, and is the idle timeout of the session from then on', async () => {
    const { visit, clock, store } = await withCookie((cookie) => void (cookie.maxAge = HOUR));
    const { attributes } = await visit('/use');
    expect(attributes).toBe(
      `Path=/; Expires=${new Date(clock.now() + HOUR).toUTCString()}; HttpOnly; SameSite=Lax`,
    );
    expect(store.records).toMatchObject([{ idle: HOUR, expiresAt: clock.now() + HOUR }]);
    clock.advance(HOUR - 1);
    expect((await visit('/look')).text).toBe('"ada"');
    clock.advance(HOUR);
    expect((await visit('/look')).text).toBe('null');
  });

  it('is sent again when the session is touched, and only then', async () => {
    const { visit, clock } = await withCookie((cookie) => void (cookie.maxAge = HOUR));
    await visit('/use');
    clock.advance(60_000);
    expect((await visit('/look')).attributes).toBeUndefined();
    clock.advance(10 * 60_000);
    expect((await visit('/look')).attributes).toContain(expires(clock.now() + HOUR));
  });

  it('lasts as long as it was told to, also where the clock goes on while it is told', async () => {
    const { visit, clock, store } = await withCookie((cookie) => {
      // What the setter comes to when a millisecond ends between its two looks at the clock.
      Object.assign(cookie, { maxAge: HOUR });
      Object.assign(cookie, { originalMaxAge: HOUR - 1 });
    });
    expect((await visit('/use')).attributes).toContain(expires(clock.now() + HOUR));
    expect(store.records).toMatchObject([{ idle: HOUR }]);
  });

  it('expires is the same thing, said by date', async () => {
    const { visit, store } = await withCookie(
      (cookie) => void (cookie.expires = new Date(Date.now() + HOUR)),
    );
    expect((await visit('/use')).attributes).toMatch(/Expires=/);
    const [record] = store.records;
    expect(Math.abs((record?.idle ?? 0) - HOUR)).toBeLessThan(5_000);
  });

  it('ends with the browser again when that is taken back', async () => {
    const { visit, store } = await withCookie(({ maxAge }, { session: { cookie } }) => {
      Object.assign(cookie as session.Cookie, { maxAge: maxAge === null ? HOUR : null });
    });
    expect((await visit('/use')).attributes).toContain('Expires');
    expect((await visit('/use')).attributes).toBe('Path=/; HttpOnly; SameSite=Lax');
    expect(store.records).toMatchObject([{ idle: HOUR / 2 }]);
  });

  it('lasts no longer than the session can', async () => {
    const { visit, clock } = await withCookie((cookie) => void (cookie.maxAge = 100 * HOUR));
    expect((await visit('/use')).attributes).toContain(expires(clock.now() + 12 * HOUR));
  });

  it('costs nothing when it is only looked at', async () => {
    const { visit, store } = await withCookie((cookie) => [
      cookie.maxAge,
      cookie.originalMaxAge,
      cookie.path,
    ]);
    expect(await visit('/use')).toEqual({ status: 200, text: '[null,null,"/"]', attributes: undefined });
    expect(store.calls).toEqual(['create', 'read']);
  });

  it.each<[string, unknown]>([
    ['options', { maxAge: HOUR, sameSite: 'strict' }],
    ['a Cookie', Object.assign(new session.Cookie(), { originalMaxAge: HOUR, sameSite: 'strict' })],
    [
      'what JSON made of one',
      { originalMaxAge: HOUR, expires: '2001-01-01T00:00:00Z', sameSite: 'strict', path: '/' },
    ],
  ])('takes the attributes of %s that is assigned', async (_name, cookie) => {
    const { visit, clock } = await withCookie((_cookie, req) => void (req.session['cookie'] = cookie));
    expect((await visit('/use')).attributes).toContain(expires(clock.now() + HOUR));
    clock.advance(HOUR / 2);
    expect((await visit('/look')).attributes).toMatch(/SameSite=Strict/);
  });

  it.each([5, 'text', null, undefined, true])('refuses %j', async (value) => {
    const { visit } = await withCookie(async (_cookie, req) =>
      String(await failure(() => (req.session['cookie'] = value))),
    );
    expect((await visit('/use')).text).toMatch(/cookie.*is a member of the session object/);
  });

  it.each([{ sameSite: 'sometimes' }, { domain: 'a;b' }, { path: 'a\nb' }, { priority: 'huge' }])(
    'P12 with %j, which no cookie can have, is a 500, and the stored record is as it was',
    async (attributes) => {
      const { visit, store, log } = await withCookie((cookie) => void Object.assign(cookie, attributes));
      expect((await visit('/use')).status).toBe(500);
      expect(String(log.errors[0]?.error)).toMatch(/cookie cannot be written: option/);
      expect(store.records.map(({ meta }) => meta)).toEqual(['{}']);
      expect((await visit('/look')).text).toBe('"ada"');
    },
  );

  it('belongs to one session: an old one’s is not taken for the new one’s', async () => {
    const { visit } = await withCookie(async (old, req) => {
      const before = req.session;
      await before.regenerate();
      const cookie = req.session['cookie'] as session.Cookie;
      cookie.maxAge = HOUR;
      req.session['user'] = 'eve';
      old.sameSite = 'none';
      return [before['cookie'] === old, req.session['cookie'] === cookie];
    });
    const { text, attributes } = await visit('/use');
    expect(text).toBe('[true,true]');
    expect(attributes).toMatch(/Expires.*SameSite=Lax/);
  });

  it('is cleared with the attributes it was set with', async () => {
    const { visit } = await withCookie(async (cookie, req) => {
      if (cookie.domain === undefined) {
        cookie.domain = 'example.com';
        cookie.path = '/';
      } else {
        await req.session.destroy();
      }
    });
    expect((await visit('/use')).attributes).toContain('Domain=example.com');
    const { attributes } = await visit('/use');
    expect(attributes).toMatch(/Domain=example\.com; Path=\/; Expires=Thu, 01 Jan 1970/);
  });

  it('touch() and resetMaxAge() let it last from now on', async () => {
    const { visit } = await withCookie((cookie, req) => {
      cookie.maxAge = HOUR;
      cookie.expires = new Date(Date.now() + 1_000);
      cookie.originalMaxAge = HOUR;
      (req.session['resetMaxAge'] as () => void)();
      return (cookie.maxAge ?? 0) > HOUR / 2;
    });
    expect((await visit('/use')).text).toBe('true');
  });
});

describe('the option cookie', () => {
  it('maxAge is the idle timeout, too', async () => {
    const { visit, clock, store } = await withCookie(undefined, { cookie: { maxAge: 2 * HOUR } });
    expect(store.records).toMatchObject([{ idle: 2 * HOUR }]);
    clock.advance(HOUR);
    expect((await visit('/idle')).attributes).toContain(expires(clock.now() + 2 * HOUR));
  });

  it('has attributes for everything a cookie can say', async () => {
    const { visit } = await withCookie((_cookie, req) => void (req.session['user'] = 'eve'), {
      rolling: true,
      cookie: { path: '/use', domain: 'example.com', httpOnly: false, sameSite: 'strict', priority: 'high' },
    });
    expect((await visit('/use')).attributes).toBe(
      'Domain=example.com; Path=/use; Priority=High; SameSite=Strict',
    );
  });

  it('path leaves other paths without session', async () => {
    const app = await expressApp(
      { '/other': (req, res) => res.json('session' in req) },
      { cookie: { path: '/shop' } },
    );
    expect((await app.client().read('/other')).text).toBe('false');
    expect(app.store.calls).toEqual([]);
  });

  it('may be a function of the request', async () => {
    const app = await expressApp(
      {
        '/fill': (req, res) => {
          req.session['user'] = 'ada';
          res.end();
        },
      },
      { cookie: ({ headers }) => ({ sameSite: headers['x-strict'] ? 'strict' : 'lax', maxAge: HOUR }) },
    );
    const lines = await Promise.all(
      [{}, { 'x-strict': '1' }].map(async (headers) =>
        (await app.client().fetch('/fill', { headers })).headers.getSetCookie().join(),
      ),
    );
    expect(lines).toEqual([
      expect.stringMatching(/Expires=.*SameSite=Lax/),
      expect.stringMatching(/Expires=.*SameSite=Strict/),
    ]);
  });

  it.each<[string, () => never]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['gives what no cookie can have', () => ({ sameSite: 'none' }) as never],
  ])('that is a function which %s is an error of that request', async (_name, cookie) => {
    const app = await expressApp({ '/look': (_req, res) => res.end() }, { cookie });
    expect((await app.client().read('/look')).status).toBe(500);
  });
});

describe('rolling', () => {
  it('sends the cookie with every response that has a session', async () => {
    const { visit, client, url } = await withCookie(undefined, { rolling: true });
    expect((await visit('/idle')).attributes).toBe('Path=/; HttpOnly; SameSite=Lax');
    expect((await fetch(`${url}/idle`)).headers.getSetCookie()).toEqual([]);
    expect(client.cookies.size).toBe(1);
  });
});

describe('saveUninitialized', () => {
  it('stores sessions that nothing was put into, once', async () => {
    const { client, store } = await expressApp(
      { '/idle': (_req, res) => res.end() },
      { saveUninitialized: true },
    );
    const anybody = client();
    const lines = [];
    for (let visit = 0; visit < 2; visit++) {
      lines.push((await anybody.fetch('/idle')).headers.getSetCookie().length);
    }
    expect([lines, store.calls, store.stored]).toEqual([[1, 0], ['create', 'read'], [{}]]);
  });
});
