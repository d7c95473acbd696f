import session from 'express-session';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { describe, expect, it } from 'vitest';
import { Browser } from '../support/browser.js';
import { nestApp } from '../support/nest-app.js';
import { type AppOptions, type ExpressHandler, expressApp } from '../support/session-app.js';
import { COOKIE, expressSessionApp } from './express-stores/express-session-app.js';

type Request = Parameters<ExpressHandler>[0];

const DOMAIN = 'example.com';
const CLEARED = 'Expires=Thu, 01 Jan 1970';

const choose = (req: Request, attributes: object) =>
  void Object.assign(req.session['cookie'] as object, attributes);
const show: ExpressHandler = (req, res) => res.send(String(req.session['user']));
const as =
  (user: string, work: (req: Request) => unknown): ExpressHandler =>
  async (req, res) => {
    await work(req);
    req.session['user'] = user;
    res.send('done');
  };

/** An application, and a browser that has a session of ada's. */
async function known(routes: Record<string, ExpressHandler>, options: AppOptions = {}) {
  const app = await expressApp({ '/show': show, '/app/show': show, ...routes }, options);
  const browser = new Browser(app.url);
  await browser.visit('/begin');
  return { ...app, browser };
}

const toDomain: ExpressHandler = (req, res) => {
  choose(req, { domain: DOMAIN });
  res.send('chosen');
};

describe('a session that takes the place of one whose cookie had another scope', () => {
  it.each(['regenerate', 'login'])(
    'P9 %s takes the cookie away that express-session gave the browser for a domain',
    async (way) => {
      const store = new session.MemoryStore();
      const theirs = await expressSessionApp(
        store,
        { login: (req) => void Object.assign(req.session, { user: 'ada' }) },
        { cookie: { domain: DOMAIN } },
      );
      const { url } = await nestApp({
        options: { store, name: COOKIE },
        scripts: {
          regenerate: async ({ req }) => {
            await new Promise((resolve) => void req.session.regenerate(resolve));
            Object.assign(req.session, { user: 'eve' });
          },
          login: ({ sessions }) => sessions.login('eve', { data: { user: 'eve' } }),
          show: ({ req }) => String(Object(req.session).user),
        },
      });
      const browser = new Browser(theirs);
      await browser.visit('/login');
      browser.url = url;
      expect((await browser.visit('/show')).text).toBe('ada');
      const { setCookies } = await browser.visit(`/${way}`);
      expect(setCookies).toEqual([
        expect.stringContaining(`${COOKIE}=; Domain=${DOMAIN}; Path=/; ${CLEARED}`),
        expect.not.stringContaining('Domain'),
      ]);
      expect((await browser.visit('/show')).text).toBe('eve');
    },
  );

  it.each([
    ['domain', { domain: DOMAIN }, '/show'],
    ['path', { path: '/app' }, '/app/show'],
  ])('P9 takes the cookie with a %s of the session’s own away', async (_what, attributes, path) => {
    const { browser } = await known({
      '/choose': as('ada', (req) => choose(req, attributes)),
      '/app/anew': as('eve', (req) => req.session.regenerate()),
    });
    await browser.visit('/choose');
    expect((await browser.visit(path)).text).toBe('ada');
    const { setCookies } = await browser.visit('/app/anew');
    expect(setCookies).toHaveLength(2);
    expect(setCookies[0]).toContain(CLEARED);
    expect((await browser.visit(path)).text).toBe('eve');
  });

  it('P9 takes the one away as well that was left where the options put it', async () => {
    const { browser } = await known({
      '/choose': toDomain,
      '/anew': as('eve', async (req) => {
        await req.session.regenerate();
        choose(req, { domain: DOMAIN });
      }),
    });
    await browser.visit('/choose');
    expect(browser.cookiesFor('/')).toHaveLength(2);
    const { setCookies } = await browser.visit('/anew');
    expect(setCookies).toEqual([
      expect.stringMatching(/^sid=; Path=\/; Expires=Thu, 01 Jan 1970/),
      expect.stringContaining(`Domain=${DOMAIN}`),
    ]);
    expect((await browser.visit('/show')).text).toBe('eve');
  });

  it('P9 a logout takes both away', async () => {
    const { browser } = await known({
      '/choose': toDomain,
      '/out': async (req, res) => {
        await req.session.destroy();
        res.end();
      },
    });
    await browser.visit('/choose');
    await browser.visit('/out');
    expect(browser.cookiesFor('/')).toEqual([]);
  });

  it('clears the old cookie also when the commit failed after it had ended', async () => {
    const { browser, store } = await known({
      '/choose': toDomain,
      '/anew': async (req, res) => {
        await req.session.regenerate();
        req.session['user'] = 'eve';
        await req.session.save();
        req.session['n'] = 1;
        store.fail('replace');
        res.send('done');
      },
    });
    await browser.visit('/choose');
    const { status, setCookies } = await browser.visit('/anew');
    expect([status, setCookies.length]).toEqual([503, 2]);
    store.heal();
    expect((await browser.visit('/show')).text).toBe('eve');
  });

  it('clears nothing when another request had ended the old one: the cookie may be that of a newer login', async () => {
    const { browser, store } = await known({
      '/choose': toDomain,
      '/anew': as('eve', (req) => req.session.regenerate()),
    });
    await browser.visit('/choose');
    const other = browser.copy();
    const read = store.holdAnswer('read');
    const slow = browser.visit('/anew');
    await read.reached;
    expect((await other.visit('/anew')).setCookies).toHaveLength(2);
    read.release();
    const { setCookies } = await slow;
    expect(setCookies).toEqual([expect.not.stringContaining(CLEARED)]);
  });

  it('sets one cookie where the scope is the same', async () => {
    const { browser } = await known({ '/anew': as('eve', (req) => req.session.regenerate()) });
    expect((await browser.visit('/anew')).setCookies).toHaveLength(1);
    expect((await browser.visit('/show')).text).toBe('eve');
  });
});

describe('a session that is sealed in its cookie, and moves to another scope', () => {
  const store = new SealedCookieStore();

  it.each([
    ['domain', { domain: DOMAIN }, '/show'],
    ['path', { path: '/app' }, '/app/show'],
  ])('takes the cookie away that it had before its %s was changed', async (_what, attributes, path) => {
    const { browser } = await known({ '/choose': as('eve', (req) => choose(req, attributes)) }, { store });
    const { setCookies } = await browser.visit('/choose');
    expect(setCookies).toEqual([
      expect.stringMatching(/^sid=; Path=\/; Expires=Thu, 01 Jan 1970/),
      expect.not.stringContaining(CLEARED),
    ]);
    expect((await browser.visit(path)).text).toBe('eve');
  });

  it('P9 so does the session that takes its place', async () => {
    const { browser } = await known(
      { '/choose': toDomain, '/anew': as('eve', (req) => req.session.regenerate()) },
      { store },
    );
    await browser.visit('/choose');
    await browser.visit('/anew');
    expect((await browser.visit('/show')).text).toBe('eve');
  });

  it('sets one cookie when something else is changed', async () => {
    const { browser } = await known({ '/choose': toDomain, '/n': as('eve', () => undefined) }, { store });
    await browser.visit('/choose');
    expect((await browser.visit('/n')).setCookies).toHaveLength(1);
    expect((await browser.visit('/show')).text).toBe('eve');
  });

  it('stays where it is when the change could not be made', async () => {
    const { browser } = await known(
      {
        '/large': async (req, res) => {
          req.session['user'] = 'eve';
          await req.session.save();
          choose(req, { domain: DOMAIN });
          req.session['text'] = 'x'.repeat(9_000);
          res.send('done');
        },
      },
      { store },
    );
    const { status, setCookies } = await browser.visit('/large');
    expect([status, setCookies]).toEqual([500, [expect.not.stringContaining('Domain')]]);
    expect((await browser.visit('/show')).text).toBe('eve');
  });
});
