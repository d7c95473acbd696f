import {
  SessionClosedError,
  SessionGoneException,
  SessionNotStorableException,
  SessionService,
  SessionUsageException,
} from 'nest-sessions';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { failure, run } from '../support/run-scripts.js';

describe('SessionService', () => {
  it('knows an anonymous session that is not stored', async () => {
    const { results, store } = await run(({ sessions }) => [
      sessions.isNew,
      sessions.principal,
      sessions.handle,
      sessions.createdAt,
      sessions.expiresAt,
      sessions.absoluteExpiresAt,
      { ...sessions.fields },
    ]);
    expect(results[0]).toEqual([true, undefined, undefined, undefined, undefined, undefined, {}]);
    expect(store.calls).toEqual([]);
  });

  it('knows who is logged in, when the session began and when it ends', async () => {
    const { results, clock, store } = await run(
      ({ sessions }) => sessions.login('ada', { data: { user: 'Ada' } }),
      ({ sessions }) => [
        sessions.isNew,
        sessions.principal,
        sessions.handle,
        sessions.createdAt,
        sessions.expiresAt,
        sessions.absoluteExpiresAt,
        { ...sessions.fields },
      ],
    );
    const now = clock.now();
    expect(results[1]).toEqual([
      false,
      'ada',
      store.records[0]?.handle,
      new Date(now),
      new Date(now + 30 * 60_000),
      new Date(now + 12 * 3_600_000),
      { user: 'Ada' },
    ]);
  });

  it('gets, sets and deletes fields', async () => {
    const { results, store } = await run(
      ({ sessions }) => {
        sessions.set('user', 'Ada');
        sessions.set('cart', ['tea']);
        sessions.set('theme', 'dark');
        return [sessions.get('user'), sessions.get('name')];
      },
      ({ sessions }) => {
        sessions.delete('theme');
        sessions.get('cart')?.push('milk');
        return [sessions.get('theme'), sessions.get('cart')];
      },
    );
    expect(results).toEqual([
      ['Ada', undefined],
      [undefined, ['tea', 'milk']],
    ]);
    expect(store.stored).toEqual([{ user: 'Ada', cart: ['tea', 'milk'] }]);
  });

  it('types fields by the declared SessionData', () => {
    expectTypeOf<ReturnType<typeof getCart>>().toEqualTypeOf<string[] | undefined>();
    function getCart(sessions: SessionService) {
      // @ts-expect-error: no such field
      sessions.get('basket');
      // @ts-expect-error: another type
      sessions.set('cart', 'tea');
      return sessions.get('cart');
    }
  });

  it('has fields that behave like a plain object and write through', async () => {
    const { results, store } = await run(
      ({ sessions }) => {
        const { fields } = sessions;
        fields.user = 'Ada';
        Object.assign(fields, { count: 1, theme: 'dark' });
        delete fields.theme;
        return [Object.keys(fields), 'user' in fields, 'theme' in fields, { ...fields }];
      },
      ({ sessions }) => JSON.stringify(sessions.fields),
    );
    expect(results).toEqual([
      [['user', 'count'], true, false, { user: 'Ada', count: 1 }],
      '{"user":"Ada","count":1}',
    ]);
    expect(store.stored).toEqual([{ user: 'Ada', count: 1 }]);
  });

  it('refuses reserved names with an error of the edge, in whichever way they are set', async () => {
    const { results } = await run(async ({ sessions }) => [
      await failure(() => sessions.set('cookie' as never, 1 as never)),
      await failure(() => Object.assign(sessions.fields, { id: 1 })),
      await failure(() => Object.defineProperty(sessions.fields, 'req', { value: 1 })),
      await failure(() => sessions.update((draft) => Object.assign(draft, { save: 1 }))),
      await failure(() => sessions.login('ada', { data: { destroy: 1 } as never })),
    ]);
    for (const error of results[0] as unknown[]) {
      expect(error).toBeInstanceOf(SessionUsageException);
      expect(error).toMatchObject({ code: 'session_reserved_field', status: 500 });
    }
  });

  it('save() stores what has changed, at once, and a new session even without fields', async () => {
    const { results, store } = await run(
      async ({ sessions }) => {
        await sessions.save();
        return sessions.isNew;
      },
      async ({ sessions }) => {
        sessions.set('count', 1);
        await sessions.save();
        await sessions.save();
        return sessions.get('count');
      },
    );
    expect(results).toEqual([false, 1]);
    expect(store.calls).toEqual(['create', 'read', 'replace']);
  });

  it('reload() drops what has changed', async () => {
    const { results } = await run(
      ({ sessions }) => sessions.set('count', 1),
      async ({ sessions }) => {
        sessions.set('count', 5);
        sessions.set('theme', 'dark');
        await sessions.reload();
        return { ...sessions.fields };
      },
    );
    expect(results[1]).toEqual({ count: 1 });
  });

  it('reload() of a session that is not there is a 409', async () => {
    const { results } = await run(({ sessions }) => failure(() => sessions.reload()));
    expect(results[0]).toBeInstanceOf(SessionGoneException);
    expect(results[0]).toMatchObject({ code: 'session_gone', status: 409 });
  });

  it('regenerate() gives a new token and anonymous session, with what it is told to keep', async () => {
    const { results, store } = await run(
      ({ sessions }) => sessions.login('ada', { data: { user: 'Ada', cart: ['tea'] } }),
      async ({ sessions, req }) => {
        const before = req.sessionID;
        await sessions.regenerate({ keep: ['cart', 'theme'] });
        return [sessions.principal, sessions.isNew, { ...sessions.fields }, before === req.sessionID];
      },
      ({ sessions }) => [sessions.principal, { ...sessions.fields }],
    );
    expect(results.slice(1)).toEqual([
      [undefined, true, { cart: ['tea'] }, false],
      [undefined, { cart: ['tea'] }],
    ]);
    expect(store.stored).toEqual([{ cart: ['tea'] }]);
  });

  it('destroy() ends the session in the store and takes the cookie away; twice is once', async () => {
    const { client, store, results } = await run(
      ({ sessions }) => sessions.set('user', 'Ada'),
      async ({ sessions, req }) => {
        await sessions.destroy();
        await sessions.destroy();
        await sessions.save();
        return [sessions.get('user'), req.session, await failure(() => sessions.set('user', 'Eve'))];
      },
    );
    expect(results[1]).toEqual([undefined, undefined, expect.any(SessionClosedError)]);
    expect(store.stored).toEqual([]);
    expect(store.count('remove')).toBe(1);
    expect(client.cookies.size).toBe(0);
  });

  it('login() after destroy() works', async () => {
    const { results, store } = await run(
      ({ sessions }) => sessions.set('user', 'Ada'),
      async ({ sessions }) => {
        await sessions.destroy();
        await sessions.login('eve');
      },
      ({ sessions, req }) => [sessions.principal, req.session.user],
    );
    expect(results[2]).toEqual(['eve', undefined]);
    expect(store.records).toHaveLength(1);
  });

  it('logout() ends the session; one that nobody awaits is done before the response', async () => {
    const { client, store } = await run(
      ({ sessions }) => sessions.login('ada'),
      ({ sessions }) => void sessions.logout(),
    );
    expect(store.records).toEqual([]);
    expect(client.cookies.size).toBe(0);
  });

  it('P12 what cannot be stored is refused where it is awaited, and the stored record is as it was', async () => {
    const { results, store } = await run(
      ({ sessions }) => sessions.set('user', 'Ada'),
      async ({ sessions }) => {
        sessions.set('odd', 1n);
        const error = await failure(() => sessions.save());
        sessions.delete('odd');
        return error;
      },
    );
    expect(results[1]).toBeInstanceOf(SessionNotStorableException);
    expect(results[1]).toMatchObject({ code: 'session_not_serializable', status: 500 });
    expect(store.stored).toEqual([{ user: 'Ada' }]);
  });

  it('refuses writes after the response has ended', async () => {
    const late: Promise<unknown>[] = [];
    const { store } = await run(({ sessions, res }) => {
      const finished = new Promise((resolve) => res.once('finish', resolve));
      late.push(
        finished.then(async () => [
          await failure(() => sessions.set('user', 'Eve')),
          await failure(() => (sessions.fields.user = 'Eve')),
          await failure(() => sessions.login('eve')),
        ]),
      );
    });
    for (const error of (await late[0]) as unknown[]) {
      expect(error).toBeInstanceOf(SessionClosedError);
    }
    expect(store.calls).toEqual([]);
  });
});
