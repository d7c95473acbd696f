import { MemorySessionStore, type SessionOptions, SessionRegistry } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { fakeClock } from 'nest-sessions/testing';
import session from 'express-session';
import { describe, expect, it } from 'vitest';
import { EventRecorder } from '../support/event-recorder.js';
import { nestApp, type Script } from '../support/nest-app.js';
import { idOf, tokenOf } from '../support/tokens.js';

const MINUTE = 60_000;

/** An application of which every event is recorded. */
async function withEvents(options: Partial<SessionOptions> = {}, scripts: Record<string, Script> = {}) {
  const recorder = new EventRecorder();
  const clock = fakeClock();
  const of: { registry: SessionRegistry } = { registry: undefined as never };
  const app = await nestApp({
    options: { clock, onEvent: recorder.take, ...options },
    scripts: {
      fill: ({ req }) => void (req.session.cart = ['tea']),
      look: ({ sessions }) => sessions.get('cart') ?? [],
      login: ({ sessions, req }) => sessions.login(String(req.query.as ?? 'ada')),
      regenerate: ({ sessions }) => sessions.regenerate({ keep: ['cart'] }),
      confirm: ({ sessions }) => sessions.confirm(),
      logout: ({ sessions }) => sessions.logout(),
      forget: ({ req }) => new Promise((resolve) => req.sessionStore.destroy(req.sessionID, resolve)),
      others: () => of.registry.revokeOthers().then(String),
      all: () => of.registry.revokeAll('ada').then(String),
      ...scripts,
    },
  });
  of.registry = app.app.get(SessionRegistry);
  const { events, take } = recorder;
  const taken = () => recorder.taken();
  /** Goes to paths one after another as one client, and answers what was told meanwhile. */
  async function told(client: ReturnType<typeof app.client>, ...paths: string[]): Promise<string[]> {
    for (const path of paths) {
      expect((await client.read(`/${path}`)).status).toBeLessThan(400);
    }
    return taken();
  }
  return { ...app, registry: of.registry, clock, events, take, taken, told };
}

describe('session events', () => {
  it('started: once, when a session is stored for the first time', async () => {
    const { client, told } = await withEvents(
      {},
      {
        save: async ({ sessions, req }) => {
          req.session.cart = ['milk'];
          await sessions.save();
          req.session.cart = ['milk', 'tea'];
        },
        flash: ({ sessions }) => sessions.flash('info', 'Saved.'),
        update: ({ sessions }) => sessions.update((draft) => void (draft.count = 1)),
      },
    );
    expect(await told(client(), 'look')).toEqual([]);
    const known = client();
    expect(await told(known, 'fill')).toEqual(['started']);
    expect(await told(known, 'fill', 'look')).toEqual([]);
    expect(await told(client(), 'save')).toEqual(['started']);
    expect(await told(client(), 'flash')).toEqual(['started']);
    expect(await told(client(), 'update')).toEqual(['started']);
  });

  it('login, renewed, replaced, logout: what happened, in the order of happening', async () => {
    const { client, told } = await withEvents();
    const known = client();
    expect(await told(known, 'fill', 'login')).toEqual([
      'started',
      'ended replaced',
      'started ada',
      'login ada',
    ]);
    expect(await told(known, 'confirm')).toEqual(['renewed ada']);
    expect(await told(known, 'login?as=eve')).toEqual(['ended ada replaced', 'started eve', 'login eve']);
    expect(await told(known, 'logout')).toEqual(['ended eve logout']);
    expect(await told(known, 'logout')).toEqual([]);
    expect(await told(known, 'fill', 'regenerate')).toEqual(['started', 'ended replaced', 'started']);
  });

  it('renewed: when a token has served its time', async () => {
    const { client, told, clock } = await withEvents({ renewAfter: '5m' });
    const known = client();
    expect(await told(known, 'login')).toEqual(['started ada', 'login ada']);
    clock.advance(6 * MINUTE);
    expect(await told(known, 'look', 'look')).toEqual(['renewed ada']);
  });

  it('token-reused: once, with a line in the log that says what to do', async () => {
    const { client, told, clock, log } = await withEvents({ renewAfter: '5m' });
    const known = client();
    const thief = client();
    await told(known, 'login');
    thief.cookies.set('sid', known.cookies.get('sid') ?? '');
    clock.advance(6 * MINUTE);
    await told(known, 'look', 'look');
    clock.advance(MINUTE);
    expect(await told(thief, 'look')).toEqual(['token-reused ada']);
    expect(await told(thief, 'look')).toEqual([]);
    expect(log.warnings.filter(({ message }) => /may have stolen/.test(message))).toHaveLength(1);
  });

  it('login: also where the application tells by the fields who is logged in', async () => {
    const principal = ({ user }: Readonly<Record<string, unknown>>) => user as string | undefined;
    const { client, told } = await withEvents(
      { auth: { principal } },
      {
        passport: async ({ req }) => {
          await new Promise((resolve) => req.session.regenerate(resolve));
          req.session.user = 'ada';
        },
      },
    );
    const known = client();
    expect(await told(known, 'fill', 'passport')).toEqual([
      'started',
      'ended replaced',
      'started ada',
      'login ada',
    ]);
    expect(await told(known, 'look')).toEqual([]);
  });

  it('revoked: one, the others, all, this one included', async () => {
    const { client, told, registry, taken, events } = await withEvents({ registry: true });
    const [one, two, three] = [client(), client(), client()];
    for (const each of [one, two, three]) {
      await each.read('/login');
    }
    const [handle] = events.filter(({ type }) => type === 'login').map((event) => event.handle);
    await taken();
    expect(await registry.revoke('ada', String(handle))).toBe(true);
    expect(await taken()).toEqual(['ended ada revoked']);
    expect(await told(one, 'look')).toEqual([]);
    expect(await told(two, 'others')).toEqual(['ended ada revoked']);
    await three.read('/login');
    await taken();
    expect(await told(two, 'all')).toEqual(['ended ada revoked', 'ended ada revoked']);
  });

  it('evicted: by a login beyond the limit', async () => {
    const { client, told } = await withEvents({ maxSessions: 1 });
    await told(client(), 'login');
    expect(await told(client(), 'login')).toEqual(['ended ada evicted', 'started ada', 'login ada']);
  });

  it('idle and absolute: by the request that finds it, told by the limit that came first', async () => {
    const { client, told, clock } = await withEvents({ idleTimeout: '30m', absoluteTimeout: '40m' });
    const known = client();
    await told(known, 'login');
    clock.advance(60 * MINUTE);
    expect(await told(known, 'look', 'look')).toEqual(['ended ada idle']);
    await told(known, 'login');
    clock.advance(20 * MINUTE);
    expect(await told(known, 'look')).toEqual([]);
    clock.advance(21 * MINUTE);
    expect(await told(known, 'look')).toEqual(['ended ada absolute']);
  });

  it('idle: by the list of a user that finds it', async () => {
    const { client, told, clock, registry, taken } = await withEvents({ registry: true });
    await told(client(), 'login');
    clock.advance(31 * MINUTE);
    expect(await registry.count('ada')).toBe(0);
    expect(await taken()).toEqual(['ended ada idle']);
  });

  it('idle and lost-write: by the commit that finds it', async () => {
    const clock = fakeClock();
    const { client, told } = await withEvents(
      { clock },
      {
        slow: ({ sessions }) => {
          clock.advance(31 * MINUTE);
          sessions.set('theme', 'dark');
        },
      },
    );
    const known = client();
    await told(known, 'login');
    expect(await told(known, 'slow')).toEqual(['ended ada idle', 'lost-write ada']);
  });

  it('idle and absolute: by the sweep of a store, of sessions and of nothing else', async () => {
    const clock = fakeClock();
    const store = new MemorySessionStore({ clock });
    const options = {
      store,
      clock,
      registry: true,
      renewAfter: '1m',
      idleTimeout: '30m',
      absoluteTimeout: '40m',
    };
    const { client, told, taken, log } = await withEvents(options);
    const known = client();
    await told(known, 'login');
    clock.advance(2 * MINUTE);
    expect(await told(known, 'look')).toEqual(['renewed ada']);
    await told(client(), 'fill');
    clock.advance(24 * 60 * MINUTE);
    // A session with its forward, an anonymous one, and what the registry keeps.
    expect(await store.sweep(clock.now() + 365 * 24 * 60 * MINUTE, 100)).toBe(4);
    expect((await taken()).toSorted()).toEqual(['ended ada idle', 'ended idle']);
    expect(await told(known, 'look')).toEqual([]);
    expect(log.errors).toEqual([]);
  });

  it('evicted: by a memory store that is full', async () => {
    const store = new MemorySessionStore({ maxSessions: 1, clock: fakeClock() });
    const { client, told } = await withEvents({ store });
    await told(client(), 'login');
    expect(await told(client(), 'fill')).toEqual(['ended ada evicted', 'started']);
  });

  it('req.sessionStore.destroy() ends a session as a logout does, its place in the list included', async () => {
    const { client, told, registry, store } = await withEvents({ registry: true });
    const known = client();
    await told(known, 'login');
    expect(await told(known, 'forget')).toEqual(['ended ada logout']);
    expect(await registry.count('ada')).toBe(0);
    const entries = store.stored.map(({ sessions }) => sessions);
    expect(entries).toEqual([[]]);
    expect(await told(known, 'forget')).toEqual([]);
  });

  it.each<[string, Partial<SessionOptions>]>([
    ['idle', { idleTimeout: '5m' }],
    ['absolute', { idleTimeout: '5m', absoluteTimeout: '5m' }],
  ])('req.sessionStore.destroy() of a session whose time is up tells %s', async (reason, options) => {
    const { client, told, clock } = await withEvents(options, {
      forget: ({ req }) => new Promise((resolve) => req.sessionStore.destroy(String(req.query.sid), resolve)),
    });
    const known = client();
    await told(known, 'login');
    clock.advance(5 * MINUTE);
    expect(await told(client(), `forget?sid=${idOf(tokenOf(known))}`)).toEqual([`ended ada ${reason}`]);
  });

  it('req.sessionStore shows nothing of what is kept about a user', async () => {
    const answers: unknown[] = [];
    const ids: string[] = [];
    const { client, told, store, registry } = await withEvents(
      { registry: true },
      {
        peek: async ({ req }) => {
          for (const id of ids) {
            answers.push(
              await new Promise((resolve) => req.sessionStore.get(id, (_error, found) => resolve(found))),
            );
            await new Promise((resolve) => req.sessionStore.destroy(id, resolve));
          }
        },
      },
    );
    const create = store.create.bind(store);
    store.create = (id, record) => {
      ids.push(...(id.startsWith('principal-') ? [id] : []));
      return create(id, record);
    };
    const known = client();
    await told(known, 'login');
    expect(await told(known, 'peek')).toEqual([]);
    expect([answers, await registry.count('ada')]).toEqual([[null], 1]);
  });

  it('nothing of a login that failed half-way', async () => {
    const { client, taken, store } = await withEvents();
    store.failNext('create');
    expect((await client().read('/login')).status).toBe(503);
    const known = client();
    await known.read('/fill');
    expect(await taken()).toEqual(['started']);
    store.failNext('remove');
    expect((await known.read('/login')).status).toBe(503);
    expect(await taken()).toEqual([]);
    expect(store.stored).toEqual([{ cart: ['tea'] }]);
  });

  it('on a store made for express-session', async () => {
    const store = new session.MemoryStore();
    const { client, told, clock } = await withEvents({ store });
    const known = client();
    expect(await told(known, 'fill', 'login')).toEqual([
      'started',
      'ended replaced',
      'started ada',
      'login ada',
    ]);
    expect(await told(known, 'forget')).toEqual(['ended ada logout']);
    await told(known, 'login');
    clock.advance(31 * MINUTE);
    expect(await told(known, 'look')).toEqual(['ended ada idle']);
  });

  it('in a sealed cookie: what the application does, and no end that nobody can know of', async () => {
    const { client, told, clock } = await withEvents({ store: new SealedCookieStore() });
    const known = client();
    expect(await told(known, 'fill', 'login')).toEqual([
      'started',
      'ended replaced',
      'started ada',
      'login ada',
    ]);
    expect(await told(known, 'confirm', 'logout')).toEqual(['renewed ada', 'ended ada logout']);
    await told(known, 'login');
    clock.advance(31 * MINUTE);
    expect(await told(known, 'look')).toEqual([]);
  });

  it('P7 hold the handle and the principal, never a token, an id or fields', async () => {
    const { client, events, taken } = await withEvents();
    const known = client();
    await known.read('/fill');
    const token = tokenOf(known);
    for (const path of ['/login', '/confirm', '/logout']) {
      await known.read(path);
    }
    const text = JSON.stringify(events);
    expect([text.includes(token), text.includes(idOf(token)), text.includes('tea')]).toEqual([
      false,
      false,
      false,
    ]);
    expect(new Set(events.flatMap((event) => Object.keys(event)))).toEqual(
      new Set(['type', 'handle', 'principal', 'reason']),
    );
    await taken();
  });
});
