import type { Store } from 'express-session';
import type { SessionEvent, SessionId } from 'nest-sessions';
import { fakeClock, type FakeClock } from 'nest-sessions/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { begin, engineOn, loggedIn } from '../../support/engine.js';
import { CookieClient } from '../../support/http-server.js';
import { nestApp, type NestAppParts, SECRET, type Script } from '../../support/nest-app.js';
import { hasServer } from '../../support/servers/has-server.js';
import { signed } from '../../support/tokens.js';
import { within } from '../../support/within.js';
import { adapterOf } from './adapter.js';
import { COOKIE, expressSessionApp } from './express-session-app.js';
import type { StoreData, StoreKit } from './kits.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ROUNDS = 200;
const ABREAST = 20;

/** What a store holds for a session. */
type Stored = Record<string, unknown> & {
  cookie: { expires?: unknown; originalMaxAge?: unknown };
  __nest_sessions?: {
    lastSeenAt: number;
    createdAt: number;
    absoluteAt: number;
    handle: string;
    expiresAt: number;
  };
};

/** Calls a method with a callback, as a promise that does not wait for ever. */
export function ask(store: object, name: string, ...args: unknown[]): Promise<unknown> {
  const asked = new Promise((resolve, reject) => {
    const callback = (error: unknown, answer: unknown) => (error ? reject(error as Error) : resolve(answer));
    (Reflect.get(store, name) as (...args: unknown[]) => unknown).call(store, ...args, callback);
  });
  return within(5_000, () => `no answer to ${name}()`, asked);
}

/** What the store itself says of an id; a missing file is nothing. */
async function stored(store: Store, id: string): Promise<Stored | undefined> {
  try {
    return ((await ask(store, 'get', id)) ?? undefined) as Stored | undefined;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/** The id in a client's cookie. */
function idIn(client: CookieClient, name = COOKIE): string {
  const value = decodeURIComponent(client.cookies.get(name) ?? '');
  return /^s:(.+)\.[^.]+$/.exec(value)?.[1] ?? '';
}

const SCRIPTS: Record<string, Script> = {
  login: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada', cart: ['tea'] } }),
  begin: ({ req }) => void (req.session.user = 'Ada'),
  who: ({ sessions }) => JSON.stringify([sessions.principal ?? null, sessions.get('user') ?? null]),
  fields: ({ req }) => ({ ...req.session, cookie: undefined }),
  theme: ({ sessions }) => sessions.set('theme', 'dark'),
  cart: ({ req }) => void req.session.cart?.push('milk'),
  touch: ({ req }) => void req.session.touch(),
  handle: ({ sessions }) => sessions.handle,
  id: ({ req }) => req.sessionID,
  regenerate: ({ sessions }) => sessions.regenerate({ keep: ['user'] }),
  logout: ({ sessions }) => sessions.logout(),
  length: async ({ req }) => JSON.stringify(await ask(req.sessionStore, 'length')),
  all: async ({ req }) => JSON.stringify(await ask(req.sessionStore, 'all')),
  clear: async ({ req }) => void (await ask(req.sessionStore, 'clear')),
};

/** What every store that people have is held to. */
export async function describeExpressStore(kit: StoreKit): Promise<void> {
  const isThere = kit.server === undefined || (await hasServer(kit.server, kit.name));
  describe.skipIf(!isThere)(`${kit.name}`, () => {
    let data: StoreData;
    beforeAll(async () => {
      data = await kit.start();
    });
    afterEach(() => void vi.restoreAllMocks());
    afterAll(() => data.close());

    /** Our application on a handle of its own, and the same data through another one. */
    async function app(options: NestAppParts['options'] = {}) {
      const store = await data.handle();
      const ours = await nestApp({ options: { store, name: COOKIE, ...options }, scripts: SCRIPTS });
      return { ...ours, store };
    }

    /** A client that is logged in, and the id of its session. */
    async function known(ours: { client(): CookieClient }): Promise<{ client: CookieClient; id: string }> {
      const client = ours.client();
      expect((await client.read('/login')).status).toBe(200);
      return { client, id: idIn(client) };
    }

    describe('a session', () => {
      it('is logged in, read, changed and ended; the store holds the fields as express-session would', async () => {
        const { store, ...ours } = await app();
        const { client, id } = await known(ours);
        expect((await client.read('/who')).text).toBe('["ada","Ada"]');
        expect((await client.read('/id')).text).toBe(id);
        await client.read('/theme');
        await client.read('/cart');
        expect(JSON.parse((await client.read('/fields')).text)).toEqual({
          user: 'Ada',
          cart: ['tea', 'milk'],
          theme: 'dark',
        });
        expect(await stored(store, id)).toMatchObject({ user: 'Ada', cart: ['tea', 'milk'], theme: 'dark' });
        await client.read('/logout');
        expect([await stored(store, id), client.cookies.size]).toEqual([undefined, 0]);
      });

      it('gets another id by regenerate, and the old one is gone', async () => {
        const { store, ...ours } = await app();
        const { client, id } = await known(ours);
        const before = client.cookie;
        await client.read('/regenerate');
        expect(idIn(client)).not.toBe(id);
        expect((await client.read('/who')).text).toBe('[null,"Ada"]');
        expect(await stored(store, id)).toBeUndefined();
        const thief = await fetch(`${ours.url}/who`, { headers: { cookie: before } });
        expect(await thief.text()).toBe('[null,null]');
      });

      it('P6 lives on by activity, which moves the expiry of the store along, and ends after idleTimeout', async () => {
        const clock = fakeClock();
        const { store, ...ours } = await app({ clock, idleTimeout: '30m' });
        const { client, id } = await known(ours);
        for (let turn = 0; turn < 3; turn++) {
          clock.advance(20 * MINUTE);
          const before = Date.now();
          expect((await client.read('/who')).text).toBe('["ada","Ada"]');
          // It is written behind the response.
          const object = await vi.waitUntil(async () => seenAt(await stored(store, id), clock), {
            timeout: 5_000,
          });
          const expires = new Date(object.cookie.expires as string).valueOf() - 30 * MINUTE;
          expect(expires).toBeGreaterThanOrEqual(before);
          expect(expires).toBeLessThanOrEqual(Date.now());
        }
        clock.advance(30 * MINUTE);
        expect((await client.read('/who')).text).toBe('[null,null]');
        expect(await stored(store, id)).toBeUndefined();
      });

      it('P6 ends at absoluteTimeout, however active it is', async () => {
        const clock = fakeClock();
        const { store, ...ours } = await app({ clock, idleTimeout: '30m', absoluteTimeout: '1h' });
        const { client, id } = await known(ours);
        for (let turn = 0; turn < 2; turn++) {
          clock.advance(20 * MINUTE);
          expect((await client.read('/who')).text).toBe('["ada","Ada"]');
          await vi.waitUntil(async () => seenAt(await stored(store, id), clock), { timeout: 5_000 });
        }
        clock.advance(20 * MINUTE);
        expect((await client.read('/who')).text).toBe('[null,null]');
      });

      it('P6 ends when its time has come, whether the store sees that first or we do', async () => {
        const { store, ...ours } = await app({ idleTimeout: 1_500, touchAfter: 0 });
        const { client, id } = await known(ours);
        const expiresAt = (await stored(store, id))?.__nest_sessions?.expiresAt ?? 0;
        const isOver = async () =>
          kit.followsCookie ? (await stored(store, id)) === undefined : Date.now() > expiresAt;
        await vi.waitUntil(isOver, { timeout: 10_000, interval: 100 });
        expect((await client.read('/who')).text).toBe('[null,null]');
      });
    });

    describe('req.sessionStore', () => {
      it('has what the store has beside get, set and destroy, and nothing of ours in it', async () => {
        const { store, ...ours } = await app();
        const { client } = await known(ours);
        const can = new Set<string>(kit.extras);
        if (can.has('length')) {
          expect(Number((await client.read('/length')).text)).toBe(await ask(store, 'length'));
        }
        if (can.has('all')) {
          const { text } = await client.read('/all');
          const sessions: Record<string, unknown>[] = Object.values(JSON.parse(text));
          expect(sessions.filter(({ user }) => user === 'Ada').length).toBeGreaterThan(0);
          expect(text).not.toContain('__nest_sessions');
          expect(text).not.toContain('__lastAccess');
        }
        if (can.has('clear')) {
          await client.read('/clear');
          expect((await client.read('/who')).text).toBe('[null,null]');
        }
        expect([...can].every((name) => typeof Reflect.get(store, name) === 'function')).toBe(true);
      });
    });

    describe('moving over', () => {
      const THEIRS = {
        login: (req: { session: object }) =>
          void Object.assign(req.session, { user: 'Ada', legacy: { since: 7 } }),
        cart: (req: { session: object }) => void Object.assign(req.session, { cart: ['theirs'] }),
        drop: (req: { session: { theme?: unknown } }) => void delete req.session.theme,
        read: (req: { session: object }) => ({
          ...req.session,
          cookie: undefined,
          __nest_sessions: undefined,
        }),
        logout: (req: { session: { destroy(done: () => void): unknown } }) =>
          new Promise<void>((resolve) => void req.session.destroy(() => resolve())),
      };

      it('P6 what express-session wrote is read by us with the same cookie; its limits count from the first sight', async () => {
        const clock = fakeClock();
        const theirs = new CookieClient(await expressSessionApp(await data.handle(), THEIRS));
        await theirs.read('/login');
        const { store, ...ours } = await app({ clock, idleTimeout: '30m', absoluteTimeout: '1h' });
        const client = new CookieClient(ours.url);
        client.cookies.set(COOKIE, theirs.cookies.get(COOKIE) ?? '');
        const id = idIn(client);
        const set = vi.spyOn(store, 'set');

        const first = await client.fetch('/fields');
        expect(await first.json()).toEqual({ user: 'Ada', legacy: { since: 7 } });
        expect(first.headers.getSetCookie()).toEqual([]);
        expect(set).toHaveBeenCalledTimes(1);
        const [handle, again] = [await client.read('/handle'), await client.read('/handle')];
        expect([again.text, (await client.read('/id')).text]).toEqual([handle.text, id]);
        expect(set).toHaveBeenCalledTimes(1);

        for (let turn = 0; turn < 2; turn++) {
          clock.advance(20 * MINUTE);
          expect((await client.read('/who')).text).toBe('[null,"Ada"]');
          await vi.waitUntil(async () => seenAt(await stored(store, id), clock), { timeout: 5_000 });
        }
        clock.advance(20 * MINUTE);
        expect((await client.read('/who')).text).toBe('[null,null]');
      });

      it('what a persistent cookie of express-session was made for stays its session’s idle timeout', async () => {
        const clock = fakeClock();
        const url = await expressSessionApp(await data.handle(), THEIRS, {
          cookie: { maxAge: HOUR, sameSite: 'strict', path: '/' },
        });
        const theirs = new CookieClient(url);
        await theirs.read('/login');
        const ours = await app({ clock, idleTimeout: '10m' });
        const client = new CookieClient(ours.url);
        client.cookies.set(COOKIE, theirs.cookies.get(COOKIE) ?? '');
        await client.read('/who');
        clock.advance(50 * MINUTE);
        const response = await client.fetch('/who');
        expect(await response.text()).toBe('[null,"Ada"]');
        // The browser's cookie moves with it, and keeps its attributes.
        expect(response.headers.getSetCookie()[0]).toMatch(/Expires=.*SameSite=Strict/);
        clock.advance(HOUR);
        expect((await client.read('/who')).text).toBe('[null,null]');
      });

      it('what we wrote is read, changed and saved by express-session, and read by us again', async () => {
        const ours = await app();
        const { client, id } = await known(ours);
        await client.read('/theme');
        const theirs = new CookieClient(await expressSessionApp(await data.handle(), THEIRS));
        theirs.cookies.set(COOKIE, client.cookies.get(COOKIE) ?? '');
        expect(JSON.parse((await theirs.read('/read')).text)).toMatchObject({
          user: 'Ada',
          cart: ['tea'],
          theme: 'dark',
        });
        await theirs.read('/cart');
        await theirs.read('/drop');
        expect(idIn(theirs)).toBe(id);
        expect(JSON.parse((await client.read('/fields')).text)).toEqual({ user: 'Ada', cart: ['theirs'] });
        expect((await client.read('/who')).text).toBe('["ada","Ada"]');
        await client.read('/theme');
        expect(JSON.parse((await theirs.read('/read')).text)).toMatchObject({
          cart: ['theirs'],
          theme: 'dark',
        });
        await theirs.read('/logout');
        expect((await client.read('/who')).text).toBe('[null,null]');
      });

      it('what express-session saved keeps the handle, who is logged in and the absolute limit', async () => {
        const clock = fakeClock();
        const ours = await app({ clock, idleTimeout: '30m', absoluteTimeout: '1h' });
        const { client, id } = await known(ours);
        const before = (await stored(ours.store, id))?.__nest_sessions;
        const theirs = new CookieClient(await expressSessionApp(await data.handle(), THEIRS));
        theirs.cookies.set(COOKIE, client.cookies.get(COOKIE) ?? '');
        clock.advance(59 * MINUTE);
        await theirs.read('/cart');
        expect((await client.read('/who')).text).toBe('["ada","Ada"]');
        const { handle, createdAt, absoluteAt } = (await stored(ours.store, id))?.__nest_sessions ?? {};
        expect({ handle, createdAt, absoluteAt }).toEqual({
          handle: before?.handle,
          createdAt: before?.createdAt,
          absoluteAt: before?.absoluteAt,
        });
        clock.advance(MINUTE);
        expect((await client.read('/who')).text).toBe('[null,null]');
      });
    });

    describe('P8 a forged id', () => {
      it('is anonymous without a call of the store; a signed one that is unknown is never adopted', async () => {
        const { store, ...ours } = await app();
        const { id } = await known(ours);
        const calls = (['get', 'set', 'destroy'] as const).map((name) => vi.spyOn(store, name));
        const unsigned = [id, `s:${id}`, `s:${id}.${'A'.repeat(43)}`, signed(id, `not ${SECRET}`)];
        for (const value of unsigned) {
          const cookie = `${COOKIE}=${value.startsWith('s%3A') ? value : encodeURIComponent(value)}`;
          const response = await fetch(`${ours.url}/who`, { headers: { cookie } });
          expect(await response.text()).toBe('[null,null]');
        }
        expect(calls.map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0]);
        const unknown = new CookieClient(ours.url);
        unknown.cookies.set(COOKIE, signed('chosen-by-somebody', SECRET));
        expect((await unknown.read('/begin')).status).toBe(200);
        expect(idIn(unknown)).toMatch(/^[\w-]{43}$/);
        expect(await stored(store, 'chosen-by-somebody')).toBeUndefined();
      });
    });

    describe('forced interleavings in one process', () => {
      it.each(['destroy', 'regenerate', 'login'] as const)(
        'P1 a request that was running before %s never brings the session back',
        async (how) => {
          const events: SessionEvent[] = [];
          const { store, here, there } = await twoEngines(events);
          await inRounds(async (round) => {
            const token = await loggedIn(here);
            const slow = await begin(round % 2 === 0 ? here : there, token);
            const leaving = await begin(here, token);
            slow.live.set('a', round + 1);
            slow.activity.touch();
            const due = slow.activity.touchDue;
            // Every other time at once, else the session has ended before the write begins.
            const ending = how === 'login' ? leaving.login('eve') : leaving[how]();
            const writing = round % 4 < 2 ? slow.commit() : undefined;
            await ending;
            await (writing ?? slow.commit());
            await (due && slow.activity.write(due));
            expect(await stored(store, token.id)).toBeUndefined();
            expect((await begin(there, token)).live.held).toBeUndefined();
          });
          expect(events.length).toBeGreaterThanOrEqual(ROUNDS / 2);
        },
        60_000,
      );

      it('P2 parallel requests that change different fields keep both changes', async () => {
        const { here, there } = await twoEngines();
        await inRounds(async (round) => {
          const token = await loggedIn(here);
          const [one, two] = await Promise.all([begin(here, token), begin(there, token)]);
          one.live.set('a', round);
          two.live.set('b', round);
          await Promise.all([one.commit(), two.commit()]);
          const after = await begin(here, token);
          expect([after.live.get('a'), after.live.get('b')]).toEqual([round, round]);
        });
      }, 60_000);

      it('P2 update() as a counter, 200 times in parallel, ends at 200', async () => {
        const { here, there } = await twoEngines();
        const token = await loggedIn(here);
        await Promise.all(
          Array.from({ length: 200 }, async (_unused, n) => {
            const session = await begin(n % 2 === 0 ? here : there, token);
            await session.update((draft) => {
              draft.count = Number(draft.count) + 1;
            });
          }),
        );
        expect((await begin(here, token)).live.get('count')).toBe(200);
      }, 60_000);

      /** Two applications of one process on the same store. */
      async function twoEngines(events: SessionEvent[] = []) {
        const store = await data.handle();
        return {
          store,
          here: engineOn(adapterOf(store), { events }),
          there: engineOn(adapterOf(store), { events }),
        };
      }
    });

    it('keeps our contract on the record: what is removed is answered, and a removed id stays free', async () => {
      const adapter = adapterOf(await data.handle());
      const engine = engineOn(adapter);
      const token = await loggedIn(engine);
      expect((await adapter.remove(token.id as SessionId))?.principal).toBe('ada');
      expect(await adapter.remove(token.id)).toBeUndefined();
      expect(await adapter.read(token.id)).toBeUndefined();
    });
  });
}

/** Runs all rounds, some of them at the same time, each on a session of its own. */
async function inRounds(round: (number: number) => Promise<void>): Promise<void> {
  for (let done = 0; done < ROUNDS; done += ABREAST) {
    await Promise.all(Array.from({ length: ABREAST }, (_unused, n) => round(done + n)));
  }
}

/** The object, once the activity that the clock shows is written in it. */
function seenAt(object: Stored | undefined, clock: FakeClock): Stored | undefined {
  return object?.__nest_sessions?.lastSeenAt === clock.now() ? object : undefined;
}
