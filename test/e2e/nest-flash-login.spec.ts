import type { SessionService } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { flashApp, info, seen, STORES } from '../support/flash-app.js';
import type { Script } from '../support/nest-app.js';
import { idOf, tokenOf } from '../support/tokens.js';

describe.each(STORES)('messages of sessions in %s', (_name, options) => {
  it('come along with login and logout, before and after', async () => {
    const say = (message: string) => (sessions: SessionService) => sessions.flash('info', message);
    const ways: Record<string, Script> = {
      async 'login-before'({ sessions }) {
        say('before')(sessions);
        await sessions.login('ada');
      },
      async 'login-after'({ sessions }) {
        await sessions.login('ada');
        say('after')(sessions);
      },
      async 'logout-before'({ sessions }) {
        say('before')(sessions);
        await sessions.logout();
      },
      async 'logout-after'({ sessions }) {
        await sessions.logout();
        say('after')(sessions);
        say('and more')(sessions);
      },
      async 'regenerate-before'({ sessions }) {
        say('before')(sessions);
        await sessions.regenerate();
      },
    };
    const client = (
      await flashApp(
        {
          begin: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada' } }),
          who: ({ sessions }) => [sessions.principal ?? 'nobody', sessions.get('user') ?? 'nothing'],
          ...Object.fromEntries(
            Object.entries(ways).map(([name, way]): [string, Script] => [
              name,
              async (context) => {
                await context.sessions.load();
                await way(context);
              },
            ]),
          ),
        },
        { ...options(), load: 'eager' },
      )
    ).client();
    const expected: Record<string, [string[], string]> = {
      'login-before': [['before'], 'ada'],
      'login-after': [['after'], 'ada'],
      'logout-before': [['before'], 'nobody'],
      'logout-after': [['after', 'and more'], 'nobody'],
      'regenerate-before': [['before'], 'nobody'],
    };
    for (const [name, [messages, principal]] of Object.entries(expected)) {
      await client.read('/begin');
      expect([name, (await client.read(`/${name}`)).status]).toEqual([name, 200]);
      expect([name, await seen(client)]).toEqual([name, messages.map(info)]);
      expect([name, await seen(client, '/who')]).toEqual([name, [principal, 'nothing']]);
    }
  });
});

describe('logging in and out', () => {
  it("takes along what this request added, not what was left before: it may be another user's", async () => {
    const app = await flashApp({
      add: ({ sessions }) => sessions.flash('info', 'old'),
      async login({ sessions }) {
        sessions.flash('info', 'new');
        await sessions.login('eve');
      },
      async bring({ sessions }) {
        const old = await sessions.takeFlash();
        old.forEach(({ type, message }) => sessions.flash(type, message));
        await sessions.login('eve');
      },
    });
    const client = app.client();
    await client.read('/add');
    await client.read('/login');
    expect(await seen(client)).toEqual([info('new')]);
    await client.read('/add');
    await client.read('/bring');
    expect(await seen(client)).toEqual([info('old')]);
  });

  it('takes it along more than once, and not what was taken, dropped or stored and dropped', async () => {
    const app = await flashApp({
      async twice({ sessions }) {
        sessions.flash('info', 'kept');
        sessions.flash('error', 'taken');
        await sessions.login('ada');
        await sessions.takeFlash('error');
        await sessions.save();
        await sessions.logout();
        await sessions.logout();
        await sessions.login('eve');
        return Object.keys(sessions.fields).length;
      },
      async reload({ sessions }) {
        sessions.flash('info', 'dropped');
        await sessions.reload();
        await sessions.login('eve');
      },
    });
    const client = app.client();
    expect((await client.read('/twice')).text).toBe('1');
    expect(await seen(client)).toEqual([info('kept')]);
    await client.read('/reload');
    expect(await seen(client)).toEqual([]);
  });

  it('P1 a logout with a message ends the session, and the message has one of its own', async () => {
    const app = await flashApp({
      login: ({ sessions }) => sessions.login('ada', { data: { user: 'Ada' } }),
      async out({ sessions }) {
        await sessions.logout();
        sessions.flash('info', 'Bye.');
        return sessions.principal ?? 'nobody';
      },
      // Neither waits for the logout, which the response does.
      hasty({ sessions, res }) {
        sessions.flash('info', 'Bye.');
        void sessions.logout();
        res.end();
      },
      hastier({ sessions }) {
        void sessions.logout();
        sessions.flash('info', 'Bye.');
      },
    });
    for (const way of ['/out', '/hasty', '/hastier']) {
      const client = app.client();
      await client.read('/login');
      const old = tokenOf(client);
      expect((await client.read(way)).status).toBe(200);
      expect(await app.store.inner.read(idOf(old))).toBeUndefined();
      expect(tokenOf(client)).not.toBe(old);
      expect(await seen(client)).toEqual([info('Bye.')]);
    }
    expect(app.log.errors).toEqual([]);
  });

  it('P1 req.session.destroy() with a message is the same; without one the visitor has no session', async () => {
    const app = await flashApp({
      login: ({ sessions }) => sessions.login('ada'),
      async destroy({ sessions, req }) {
        sessions.flash('info', 'Bye.');
        await new Promise((resolve) => req.session.destroy(resolve));
      },
      async none({ req }) {
        await new Promise((resolve) => req.session.destroy(resolve));
        return String(req.session);
      },
      null({ sessions, req }) {
        sessions.flash('info', 'dropped');
        Object.assign(req, { session: null });
      },
    });
    const client = app.client();
    await client.read('/login');
    const old = tokenOf(client);
    await client.read('/destroy');
    expect(await app.store.inner.read(idOf(old))).toBeUndefined();
    expect(await seen(client)).toEqual([info('Bye.')]);
    await client.read('/login');
    const token = tokenOf(client);
    await client.read('/null');
    expect(tokenOf(client)).toBe(token);
    expect(await seen(client)).toEqual([]);
    expect((await client.read('/none')).text).toBe('undefined');
    expect(client.cookie).toBe('');
  });

  it('a message after the response is refused, also when the session was ended', async () => {
    const refused: unknown[] = [];
    const app = await flashApp({
      async late({ sessions, res }) {
        await sessions.logout();
        res.end('done');
        try {
          sessions.flash('info', 'late');
        } catch (error) {
          refused.push(error);
        }
      },
    });
    expect((await app.client().read('/late')).text).toBe('done');
    expect(refused).toEqual([expect.objectContaining({ code: 'session_ended' })]);
    expect(app.store.records).toEqual([]);
  });
});
