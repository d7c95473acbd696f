import { SessionUnavailableException, SessionUsageException } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { CookieClient } from '../support/http-server.js';
import { nestApp, type Script, type TestNestApp } from '../support/nest-app.js';
import { failure, run } from '../support/run-scripts.js';
import { idOf, tokenOf } from '../support/tokens.js';

/** What a session says of itself. */
const show: Script = ({ sessions }) => JSON.stringify([sessions.principal ?? null, { ...sessions.fields }]);

/** A second client with the same cookies. */
function copyOf(client: CookieClient): CookieClient {
  const copy = new CookieClient(client.url);
  client.cookies.forEach((value, name) => copy.cookies.set(name, value));
  return copy;
}

/** An application with a client whose session has a cart and belongs to nobody. */
async function withCart(scripts: Record<string, Script>): Promise<TestNestApp & { known: CookieClient }> {
  const fill: Script = ({ sessions }) => {
    sessions.set('cart', ['tea']);
    sessions.set('theme', 'dark');
  };
  const app = await nestApp({ scripts: { fill, show, ...scripts } });
  const known = app.client();
  await known.read('/fill');
  return { ...app, known };
}

const CART = '[null,{"cart":["tea"],"theme":"dark"}]';

describe('SessionService.login()', () => {
  it('P9 gives a new token and kills the old one', async () => {
    const { known, store } = await withCart({ login: ({ sessions }) => sessions.login('ada') });
    const old = copyOf(known);
    await known.read('/login');
    expect(tokenOf(known)).not.toBe(tokenOf(old));
    expect((await known.read('/show')).text).toBe('["ada",{}]');
    expect((await old.read('/show')).text).toBe('[null,{}]');
    expect(store.records.map(({ principal }) => principal)).toEqual(['ada']);
  });

  it('P9 keeps what it is told to, adds the data, and drops the rest', async () => {
    const { known } = await withCart({
      login: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada' }, keep: ['cart', 'role'] }),
    });
    await known.read('/login');
    expect((await known.read('/show')).text).toBe('["ada",{"cart":["tea"],"user":"Ada"}]');
  });

  it('P9 is durable when it resolves', async () => {
    const seen: unknown[] = [];
    const { known, store } = await withCart({
      async login({ sessions }) {
        await sessions.login('ada', { data: { user: 'Ada' } });
        seen.push(store.stored, store.records[0]?.principal, sessions.principal, sessions.isNew);
      },
    });
    await known.read('/login');
    expect(seen).toEqual([[{ user: 'Ada' }], 'ada', 'ada', false]);
    expect(store.calls).toEqual(['create', 'read', 'create', 'remove']);
  });

  it('gives req.session and the service the new session, and the old object to nobody', async () => {
    const { results } = await run(async ({ sessions, req }) => {
      const old = req.session;
      old.theme = 'dark';
      await sessions.login('ada');
      req.session.user = 'Ada';
      return [
        req.session === old,
        sessions.get('user'),
        old.theme,
        await failure(() => (old.theme = 'light')),
      ];
    });
    expect(results[0]).toMatchObject([false, 'Ada', 'dark', { code: 'session_ended' }]);
  });

  it('twice in one request leaves one session', async () => {
    const { known, store } = await withCart({
      async login({ sessions }) {
        await sessions.login('ada', { keep: ['cart'] });
        await sessions.login('eve', { keep: ['cart'] });
      },
    });
    await known.read('/login');
    expect((await known.read('/show')).text).toBe('["eve",{"cart":["tea"]}]');
    expect(store.records).toHaveLength(1);
  });

  it('of somebody who is logged in already is a new session for whoever logs in now', async () => {
    const { known } = await withCart({
      ada: ({ sessions }) => sessions.login('ada', { data: { role: 'admin' } }),
      eve: ({ sessions }) => sessions.login('eve'),
    });
    await known.read('/ada');
    await known.read('/eve');
    expect((await known.read('/show')).text).toBe('["eve",{}]');
  });

  it.each(['', 'x'.repeat(256), 'a\nb', 7, undefined, null])(
    'refuses the principal %j',
    async (principal) => {
      const { results, store } = await run(({ sessions }) =>
        failure(() => sessions.login(principal as string)),
      );
      expect(results[0]).toBeInstanceOf(SessionUsageException);
      expect(results[0]).toMatchObject({ code: 'session_invalid_principal' });
      expect(store.calls).toEqual([]);
    },
  );
});

describe('SessionService.login() that fails', () => {
  const attempt: Script = async ({ sessions }) => {
    const error = await failure(() => sessions.login('eve', { data: { role: 'admin' } }));
    expect(error).toBeInstanceOf(SessionUnavailableException);
    return JSON.stringify([sessions.principal ?? null, { ...sessions.fields }]);
  };

  it('P9 at the create: the session is as it was, nobody is logged in', async () => {
    const { known, store } = await withCart({ attempt });
    const token = tokenOf(known);
    store.failNext('create');
    expect(await known.read('/attempt')).toEqual({ status: 200, text: CART });
    expect(tokenOf(known)).toBe(token);
    expect(await known.read('/show')).toEqual({ status: 200, text: CART });
    expect(store.stored).toEqual([{ cart: ['tea'], theme: 'dark' }]);
  });

  it('P9 at the removal of the old session: the new one is taken back', async () => {
    const { known, store } = await withCart({ attempt });
    const token = tokenOf(known);
    store.failNext('remove');
    expect(await known.read('/attempt')).toEqual({ status: 200, text: CART });
    expect(tokenOf(known)).toBe(token);
    expect(await known.read('/show')).toEqual({ status: 200, text: CART });
    expect(store.stored).toEqual([{ cart: ['tea'], theme: 'dark' }]);
  });

  it('P9 and cannot be taken back either: nobody holds the token of what is left', async () => {
    const { known, store } = await withCart({ attempt });
    store.fail('remove');
    const response = await known.fetch('/attempt');
    expect([response.headers.getSetCookie(), await response.text()]).toEqual([[], CART]);
    store.heal();
    expect(await known.read('/show')).toEqual({ status: 200, text: CART });
  });

  it('P9 and is answered late by the store: what it created belongs to nobody', async () => {
    const { store, client } = await nestApp({
      options: { operationTimeout: 50 },
      scripts: { login: ({ sessions }) => sessions.login('eve'), show },
    });
    const create = store.holdNext('create');
    const known = client();
    expect((await known.read('/login')).status).toBe(503);
    create.release();
    expect(known.cookies.size).toBe(0);
    expect((await known.read('/show')).text).toBe('[null,{}]');
  });

  it('P4 and is not caught: the client gets a 503 with its code and no cookie', async () => {
    const { known, store } = await withCart({ login: ({ sessions }) => sessions.login('eve') });
    store.failNext('create');
    const response = await known.fetch('/login');
    expect([response.status, response.headers.getSetCookie(), await response.json()]).toEqual([
      503,
      [],
      { statusCode: 503, code: 'session_unavailable', message: expect.any(String) as string },
    ]);
  });

  it('P4 and is neither awaited nor caught: the response does not say that it worked', async () => {
    const { known, store } = await withCart({
      login({ sessions }) {
        void sessions.login('eve');
        return 'welcome';
      },
    });
    store.failNext('create');
    const { status, text } = await known.read('/login');
    expect([status, JSON.parse(text)]).toMatchObject([503, { code: 'session_unavailable' }]);
    expect((await known.read('/show')).text).toBe(CART);
  });

  it('P9 with data that cannot be stored: the session is as it was', async () => {
    const { known, store } = await withCart({
      login: ({ sessions }) => sessions.login('eve', { data: { odd: 1n } }),
    });
    const { status, text } = await known.read('/login');
    expect([status, JSON.parse(text)]).toMatchObject([500, { code: 'session_not_serializable' }]);
    expect((await known.read('/show')).text).toBe(CART);
    expect(await store.inner.read(idOf(tokenOf(known)))).toBeDefined();
  });
});
