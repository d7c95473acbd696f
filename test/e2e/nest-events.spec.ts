import session from 'express-session';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { describe, expect, it } from 'vitest';
import { withEvents } from '../support/events-app.js';
import { idOf, tokenOf } from '../support/tokens.js';

const MINUTE = 60_000;

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
