import type { SessionEvent, SessionService } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { CookieClient } from '../support/http-server.js';
import { nestApp, type Script, type TestNestApp } from '../support/nest-app.js';
import { idOf, tokenOf } from '../support/tokens.js';

/** A handler that stands still in the middle, until the test lets it go on. */
function slow(before: (sessions: SessionService) => void, after?: (sessions: SessionService) => unknown) {
  const reached = deferred('the slow request');
  const gate = deferred('the release of the slow request');
  const script: Script = async ({ sessions }) => {
    before(sessions);
    reached.resolve();
    await gate.promise;
    await after?.(sessions);
    return 'done';
  };
  return { script, reached, gate };
}

/** An application and a client with a session of somebody. */
async function begun(
  scripts: Record<string, Script>,
  options: Parameters<typeof nestApp>[0] = {},
): Promise<TestNestApp & { known: CookieClient; events: SessionEvent[] }> {
  const events: SessionEvent[] = [];
  const app = await nestApp({
    options: { onEvent: (event) => event.type === 'lost-write' && events.push(event), ...options.options },
    scripts: {
      begin: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada', theme: 'dark', count: 0 } }),
      show: ({ sessions }) => JSON.stringify([sessions.principal ?? null, { ...sessions.fields }]),
      look: ({ sessions }) => `looked ${sessions.get('user')}`,
      ...scripts,
    },
  });
  const known = app.client();
  await known.read('/begin');
  return { ...app, known, events };
}

const endings: [string, Script][] = [
  ['logout', ({ sessions }) => sessions.logout()],
  ['regenerate', ({ sessions }) => sessions.regenerate()],
  ['login', ({ sessions }) => sessions.login('ada')],
];

describe.each(endings)('a slow request that finishes after %s', (_name, end) => {
  async function raced(
    before: (sessions: SessionService) => void,
    after?: (sessions: SessionService) => void,
  ) {
    const { script, reached, gate } = slow(before, after);
    const app = await begun({ end, slow: script });
    const { known, store, url } = app;
    const token = tokenOf(known);
    const [record] = store.records;
    const old = new CookieClient(url);
    known.cookies.forEach((value, name) => old.cookies.set(name, value));
    const answer = old.fetch('/slow');
    await reached.promise;
    await known.read('/end');
    gate.resolve();
    const response = await answer;
    return { ...app, response, text: await response.text(), old, token, handle: record?.handle };
  }

  it('P1 does not bring the session back, is told by an event and leaves the cookie alone', async () => {
    const { response, text, store, old, token, handle, events } = await raced((sessions) =>
      sessions.set('count', 9),
    );
    expect([response.status, text, response.headers.getSetCookie()]).toEqual([200, 'done', []]);
    expect(await store.inner.read(idOf(token))).toBeUndefined();
    expect((await old.read('/show')).text).toBe('[null,{}]');
    expect(events).toEqual([expect.objectContaining({ type: 'lost-write', handle })]);
  });

  it('P1 neither with what it does to the session after that', async () => {
    const { response, store, token, events } = await raced(
      () => undefined,
      (sessions) => sessions.set('user', 'Eve'),
    );
    expect([response.status, response.headers.getSetCookie()]).toEqual([200, []]);
    expect(await store.inner.read(idOf(token))).toBeUndefined();
    expect(events).toHaveLength(1);
  });

  it('P1 neither by a save() that it awaits', async () => {
    const { store, token, events, response } = await raced(
      (sessions) => sessions.set('count', 9),
      (sessions) => sessions.save(),
    );
    expect(response.status).toBe(200);
    expect(await store.inner.read(idOf(token))).toBeUndefined();
    expect(events).toHaveLength(1);
  });
});

describe('a late call of the store', () => {
  it('P1 a touch that comes after the logout does not bring the session back', async () => {
    const { known, store } = await begun(
      { logout: ({ sessions }) => sessions.logout() },
      { options: { touchAfter: 0 } },
    );
    const token = tokenOf(known);
    const touch = store.holdNext('touch');
    expect((await known.read('/look')).text).toBe('looked Ada');
    await touch.reached;
    await known.read('/logout');
    touch.release();
    expect(await store.inner.read(idOf(token))).toBeUndefined();
    expect(known.cookies.size).toBe(0);
  });

  it('P1 a commit that is held between logout and answer is dropped', async () => {
    const { known, store, events } = await begun({
      count: ({ sessions }) => sessions.set('count', 9),
      logout: ({ sessions }) => sessions.logout(),
    });
    const token = tokenOf(known);
    const replace = store.holdNext('replace');
    const answer = known.read('/count');
    await replace.reached;
    await known.read('/logout');
    replace.release();
    expect((await answer).status).toBe(200);
    expect(await store.inner.read(idOf(token))).toBeUndefined();
    expect(events).toHaveLength(1);
  });

  it('a listener of events that throws harms nobody', async () => {
    const { known } = await begun(
      {
        async gone({ sessions, req }) {
          await new Promise((resolve) => req.sessionStore.destroy(req.sessionID, resolve));
          sessions.set('count', 9);
          return 'done';
        },
      },
      {
        options: {
          onEvent: () => {
            throw new Error('no');
          },
        },
      },
    );
    expect(await known.read('/gone')).toEqual({ status: 200, text: 'done' });
  });
});

describe('two parallel requests', () => {
  /** Both have read the session before either of them changes it; the first answers before the second goes on. */
  async function parallel(first: (s: SessionService) => void, second: (s: SessionService) => void) {
    const [one, two] = [slow(() => undefined, first), slow(() => undefined, second)];
    const { known, store } = await begun({ one: one.script, two: two.script });
    const answers = [known.read('/one'), known.read('/two')];
    await Promise.all([one.reached.promise, two.reached.promise]);
    one.gate.resolve();
    await answers[0];
    two.gate.resolve();
    expect(await Promise.all(answers)).toEqual([
      { status: 200, text: 'done' },
      { status: 200, text: 'done' },
    ]);
    expect(store.count('read')).toBe(2);
    return store.stored[0];
  }

  it('P2 that change different fields keep both changes', async () => {
    const fields = await parallel(
      (sessions) => sessions.set('count', 1),
      (sessions) => sessions.set('theme', 'light'),
    );
    expect(fields).toEqual({ user: 'Ada', theme: 'light', count: 1 });
  });

  it('P2 of which one deletes a field keep the deletion', async () => {
    const fields = await parallel(
      (sessions) => sessions.delete('theme'),
      (sessions) => sessions.set('count', 1),
    );
    expect(fields).toEqual({ user: 'Ada', count: 1 });
  });

  it('P2 of which one only looked at what the other changes keep the change', async () => {
    const fields = await parallel(
      (sessions) => sessions.set('theme', 'light'),
      (sessions) => sessions.set('count', sessions.get('theme')?.length ?? 0),
    );
    expect(fields).toEqual({ user: 'Ada', theme: 'light', count: 4 });
  });

  it('P2 that change the same field: the later commit wins', async () => {
    const fields = await parallel(
      (sessions) => sessions.set('theme', 'light'),
      (sessions) => sessions.set('theme', 'blue'),
    );
    expect(fields).toEqual({ user: 'Ada', theme: 'blue', count: 0 });
  });

  it('are seen by each other after reload()', async () => {
    const { script, reached, gate } = slow(() => undefined);
    const reloading: Script = async (context) => {
      await script(context);
      await context.sessions.reload();
      return context.sessions.get('theme');
    };
    const { known } = await begun({
      slow: reloading,
      paint: ({ sessions }) => sessions.set('theme', 'light'),
    });
    const answer = known.read('/slow');
    await reached.promise;
    await known.read('/paint');
    gate.resolve();
    expect((await answer).text).toBe('light');
  });
});
