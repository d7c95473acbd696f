import type { Store } from 'express-session';
import session from 'express-session';
import { describe, expect, it } from 'vitest';
import { deferred } from '../support/deferred.js';
import { requests, type SessionRequest, storedFields } from '../support/express-requests.js';
import { failure } from '../support/run-scripts.js';
import { expressApp } from '../support/session-app.js';
import { settled } from '../support/settled.js';
import { idOf, tokenOf } from '../support/tokens.js';

/** express-session's two other properties of a request. */
const partsOf = (req: SessionRequest) =>
  req as unknown as { sessionID: string; sessionStore: Required<Store> };

/** Calls a method of the store and answers what its callback is given. */
function ask(
  req: SessionRequest,
  name: 'get' | 'set' | 'destroy' | 'touch' | 'regenerate' | 'load',
  ...args: unknown[]
): Promise<unknown> {
  const { sessionStore } = partsOf(req);
  return new Promise((resolve, reject) => {
    const callback = (error: unknown, answer: unknown) => (error ? reject(error as Error) : resolve(answer));
    (sessionStore[name] as (...args: unknown[]) => void).call(sessionStore, ...args, callback);
  });
}

describe('req.sessionID', () => {
  it('is session.id and what the store knows the session by, never the token', async () => {
    const { results, token } = await requests({}, (req) => [partsOf(req).sessionID, req.session['id']]);
    expect(results[0]).toEqual([idOf(token), idOf(token)]);
  });

  it('of a new session is the one that it is stored by', async () => {
    const ids: string[] = [];
    const { client, store } = await expressApp({
      '/fill': (req, res) => {
        ids.push(partsOf(req).sessionID, partsOf(req).sessionID);
        req.session['user'] = 'ada';
        res.end();
      },
    });
    const known = client();
    await known.fetch('/fill');
    expect(ids).toEqual([idOf(tokenOf(known)), idOf(tokenOf(known))]);
    expect(store.records).toHaveLength(1);
  });

  it('with load: lazy is known without a read', async () => {
    let id: string | undefined;
    const { knownClient, store } = await expressApp(
      {
        '/id': (req, res) => {
          id = partsOf(req).sessionID;
          res.end();
        },
      },
      { load: 'lazy' },
    );
    const known = await knownClient();
    await known.fetch('/id');
    expect([id, store.count('read')]).toEqual([idOf(tokenOf(known)), 0]);
  });
});

describe('req.sessionStore', () => {
  it('is an express-session store', async () => {
    const { results } = await requests({}, (req) => partsOf(req).sessionStore instanceof session.Store);
    expect(results).toEqual([true]);
  });

  it('get() gives the stored fields, with a cookie, and null for what is not there', async () => {
    const { results } = await requests({}, async (req) => {
      const found = (await storedFields(req)) as Record<string, unknown>;
      return [
        { ...found, cookie: found['cookie'] instanceof session.Cookie },
        await ask(req, 'get', 'unknown'),
      ];
    });
    expect(results[0]).toEqual([{ user: 'ada', cookie: true }, null]);
  });

  it('set() changes the fields of a session that is there; the request keeps what it changed itself', async () => {
    const { results, store, client, token } = await requests(
      {},
      async (req) => {
        req.session['theme'] = 'dark';
        await ask(req, 'set', partsOf(req).sessionID, { cookie: {}, user: 'eve', count: 1 });
      },
      (req) => ({ ...req.session, cookie: undefined }),
    );
    expect(results[1]).toEqual({ user: 'eve', count: 1, theme: 'dark' });
    expect([store.records.length, tokenOf(client)]).toEqual([1, token]);
  });

  it('set() that the commit has to wait for keeps both changes, and the cookie is left alone', async () => {
    const reached = deferred('the write of the store');
    const { store, knownClient } = await expressApp({
      '/both': async (req, res) => {
        const { sessionStore, sessionID } = partsOf(req);
        req.session['theme'] = 'dark';
        sessionStore.set(sessionID, { cookie: {}, user: 'eve' } as never);
        await reached.promise;
        res.end();
      },
    });
    const known = await knownClient();
    const replace = store.holdNext('replace');
    const answer = known.fetch('/both');
    await replace.reached;
    reached.resolve();
    await settled();
    replace.release();
    expect((await answer).headers.getSetCookie()).toEqual([]);
    expect(store.stored).toEqual([{ user: 'eve', theme: 'dark' }]);
  });

  it('set() never creates a session', async () => {
    const { results, store } = await requests({}, (req) =>
      ask(req, 'set', 'unknown', { cookie: {}, user: 'eve' }),
    );
    expect([results, store.records.length, store.count('create')]).toEqual([[undefined], 1, 1]);
  });

  it('set() and P1: a session that was destroyed stays so', async () => {
    const { store, client } = await requests({}, async (req) => {
      const { sessionID } = partsOf(req);
      await ask(req, 'destroy', sessionID);
      await ask(req, 'set', sessionID, { cookie: {}, user: 'eve' });
      await ask(req, 'touch', sessionID, {});
      req.session['user'] = 'eve';
    });
    expect([store.records, client.cookies.size]).toEqual([[], 1]);
  });

  it('set() refuses reserved names, as the session does', async () => {
    const { results, store } = await requests({}, (req) =>
      failure(() => ask(req, 'set', partsOf(req).sessionID, { cookie: {}, id: 1 })),
    );
    expect(results[0]).toMatchObject({ code: 'session_reserved_field', status: 500 });
    expect(store.stored).toEqual([{ user: 'ada' }]);
  });

  it('touch() writes the activity down', async () => {
    const { store } = await requests({}, (req) => ask(req, 'touch', partsOf(req).sessionID, {}));
    expect(store.count('touch')).toBe(1);
  });

  it('regenerate() gives the request a new session', async () => {
    const { results, client, token } = await requests({}, async (req) => {
      await ask(req, 'regenerate', req);
      return [req.session['user'], (req.session['user'] = 'eve')];
    });
    expect([results, tokenOf(client) === token]).toEqual([[[undefined, 'eve']], false]);
  });

  it('load() gives a session object', async () => {
    const { results } = await requests({}, async (req) => {
      const loaded = (await ask(req, 'load', partsOf(req).sessionID)) as Record<string, unknown>;
      return [loaded['user'], loaded['id'] === partsOf(req).sessionID];
    });
    expect(results).toEqual([['ada', true]]);
  });

  it('tells the callback of trouble', async () => {
    const errors: unknown[] = [];
    const { store, knownClient } = await expressApp({
      '/ask': async (req, res) => {
        for (const name of ['get', 'destroy'] as const) {
          errors.push(await failure(() => ask(req, name, 'unknown')));
        }
        res.end();
      },
    });
    const known = await knownClient();
    const reads = store.holdNext('read');
    const answer = known.fetch('/ask');
    await reads.reached;
    store.fail('read', 'remove');
    reads.release();
    expect((await answer).status).toBe(200);
    expect(errors).toMatchObject([{ code: 'session_unavailable' }, { code: 'session_unavailable' }]);
  });
});
