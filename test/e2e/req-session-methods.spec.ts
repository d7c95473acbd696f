import { SessionClosedError } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { requests, type SessionRequest, storedFields } from '../support/express-requests.js';
import { expressApp, type SessionObject } from '../support/session-app.js';
import { failure } from '../support/run-scripts.js';
import { idOf, tokenOf } from '../support/tokens.js';

/** express-session's manner of calling. */
type Callback = (error?: unknown) => void;
const method = (session: SessionObject, name: string, callback: Callback): unknown =>
  (session[name] as (callback: Callback) => unknown)(callback);

const user = (req: SessionRequest): unknown => req.session?.['user'];

describe.each(['a promise', 'a callback'])('with %s', (manner) => {
  /** Calls a method of the session in this manner and waits for it. */
  async function call(
    session: SessionObject,
    name: 'save' | 'reload' | 'regenerate' | 'destroy',
  ): Promise<void> {
    if (manner === 'a promise') {
      await session[name]();
      return;
    }
    const done = deferred<unknown>(`the callback of ${name}()`);
    const answer = method(session, name, (error) => done.resolve(error));
    expect(answer === session).toBe(true);
    const error = await done.promise;
    if (error !== undefined) {
      throw error as Error;
    }
  }

  it('save() stores at once', async () => {
    const { results, store } = await requests({}, async (req) => {
      req.session['user'] = 'eve';
      await call(req.session, 'save');
      return storedFields(req);
    });
    expect(results[0]).toMatchObject({ user: 'eve' });
    expect(store.calls).toEqual(['create', 'read', 'replace', 'read']);
  });

  it('reload() drops what has changed', async () => {
    const { results } = await requests({}, async (req) => {
      req.session['user'] = 'eve';
      await call(req.session, 'reload');
      return user(req);
    });
    expect(results).toEqual(['ada']);
  });

  it('regenerate() puts a new session at req.session; the old object stays readable and takes no more writes', async () => {
    const { results, store, token, client } = await requests(
      {},
      async (req) => {
        const old = req.session;
        await call(old, 'regenerate');
        req.session['user'] = 'eve';
        return [
          req.session === old,
          old['user'],
          Object.keys(old),
          await failure(() => (old['user'] = 'mallory')),
          await failure(() => delete old['user']),
          old['id'] === req.session['id'],
        ];
      },
      user,
    );
    expect(results).toEqual([
      [
        false,
        'ada',
        ['cookie', 'user'],
        expect.any(SessionClosedError),
        expect.any(SessionClosedError),
        false,
      ],
      'eve',
    ]);
    expect(tokenOf(client)).not.toBe(token);
    expect(await store.inner.read(idOf(token))).toBeUndefined();
    expect(store.stored).toEqual([{ user: 'eve' }]);
  });

  it('regenerate() twice leaves one session', async () => {
    const { store, results } = await requests(
      {},
      async (req) => {
        await call(req.session, 'regenerate');
        req.session['user'] = 'eve';
        await call(req.session, 'regenerate');
        return [user(req), (req.session['user'] = 'bob')];
      },
      user,
    );
    expect(results).toEqual([[undefined, 'bob'], 'bob']);
    expect(store.stored).toEqual([{ user: 'bob' }]);
  });

  it('destroy() leaves req.session undefined, the store empty and the client without cookie', async () => {
    const { results, store, client } = await requests({}, async (req) => {
      const old = req.session;
      await call(old, 'destroy');
      return [req.session, old['user']];
    });
    expect(results).toEqual([[undefined, 'ada']]);
    expect([store.stored, client.cookies.size]).toEqual([[], 0]);
  });

  it('destroy() twice and save() after it do nothing', async () => {
    const { store } = await requests({}, async (req) => {
      const old = req.session;
      await call(old, 'destroy');
      await call(old, 'destroy');
      await call(old, 'save');
    });
    expect([store.stored, store.count('remove'), store.count('create')]).toEqual([[], 1, 1]);
  });

  it('says what went wrong', async () => {
    let answered: unknown;
    const app = await expressApp({
      '/save': async (req, res) => {
        req.session['user'] = 'eve';
        answered = await failure(() => call(req.session, 'save'));
        req.session['user'] = 'ada';
        res.end();
      },
    });
    const client = await app.knownClient();
    app.store.fail('replace');
    expect((await client.read('/save')).status).toBe(200);
    expect(answered).toMatchObject({ code: 'session_unavailable', status: 503 });
  });
});

describe('a callback', () => {
  it('runs after the operation, on a tick of its own', async () => {
    const { results } = await requests({}, async (req) => {
      const order: string[] = [];
      const done = deferred('the callback');
      method(req.session, 'save', () => {
        order.push('called');
        done.resolve();
      });
      order.push('returned');
      await done.promise;
      return order;
    });
    expect(results).toEqual([['returned', 'called']]);
  });

  it('logs in as Passport does: regenerate, copy the keys, save', async () => {
    const { results, store, client, token } = await requests(
      {},
      async (req) => {
        const before = req.session;
        const done = deferred<unknown>('the login');
        method(before, 'regenerate', () => {
          // passport 0.7 with keepSessionInfo merges the old session, its cookie included, into the new one.
          for (const name in before) {
            if (Object.hasOwn(before, name)) {
              req.session[name] = before[name];
            }
          }
          req.session['passport'] = { user: 7 };
          method(req.session, 'save', done.resolve);
        });
        return done.promise;
      },
      (req) => ({ ...req.session, cookie: undefined }),
    );
    expect(results).toEqual([undefined, { user: 'ada', passport: { user: 7 } }]);
    expect(tokenOf(client)).not.toBe(token);
    expect(store.records.map(({ meta }) => meta)).toEqual(['{}']);
  });
});

describe('touch()', () => {
  it('writes the activity down even when that is not due', async () => {
    const { store } = await requests({}, (req) => {
      const { session } = req;
      return (session['touch'] as () => unknown)() === session;
    });
    expect(store.count('touch')).toBe(1);
  });
});
