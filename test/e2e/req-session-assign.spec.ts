import { describe, expect, it } from 'vitest';
import { requests, type SessionRequest } from '../support/express-requests.js';
import { failure } from '../support/run-scripts.js';
import { expressApp, type SessionObject } from '../support/session-app.js';
import { tokenOf } from '../support/tokens.js';

const user = (req: SessionRequest): unknown => req.session?.['user'];

describe('req.session = …', () => {
  it('replaces the fields', async () => {
    const { results, store, token, client } = await requests(
      {},
      (req) => {
        req.session = { cart: ['tea'] } as unknown as SessionObject;
        return [req.session['cart'], 'user' in req.session, typeof req.session.save];
      },
      (req) => ({ ...req.session, cookie: undefined }),
    );
    expect(results).toEqual([[['tea'], false, 'function'], { cart: ['tea'] }]);
    expect(store.stored).toEqual([{ cart: ['tea'] }]);
    expect(tokenOf(client)).toBe(token);
  });

  it('with {} leaves an empty session', async () => {
    const { store } = await requests({}, (req) => void (req.session = {} as SessionObject));
    expect(store.stored).toEqual([{}]);
  });

  it('with itself, or a copy of itself, changes nothing else', async () => {
    const { store } = await requests(
      {},
      (req) => void (req.session = Object(req.session) as SessionObject),
      (req) => void (req.session = { ...req.session, cart: [] }),
    );
    expect(store.stored).toEqual([{ user: 'ada', cart: [] }]);
    expect(store.records.map(({ meta }) => meta)).toEqual(['{}']);
  });

  it.each<[string, unknown, RegExp]>([
    ['a text', 'text', /object, null or undefined/],
    ['a number', 5, /object, null or undefined/],
    ['a reserved name', { id: 1 }, /"id" is a member/],
    ['a cookie that is none', { cookie: 'x' }, /"cookie" is a member/],
  ])('with %s is refused and changes nothing', async (_name, value, message) => {
    const { results, store } = await requests({}, (req) =>
      failure(() => (req.session = value as SessionObject)),
    );
    expect(String(results[0])).toMatch(message);
    expect(store.stored).toEqual([{ user: 'ada' }]);
  });
});

const UNSETTING: [string, (req: SessionRequest) => void][] = [
  ['req.session = null', (req) => void (req.session = null as unknown as SessionObject)],
  ['req.session = undefined', (req) => void (req.session = undefined as unknown as SessionObject)],
  ['delete req.session', (req) => delete (req as { session?: unknown }).session],
];

describe.each(UNSETTING)('%s', (_name, unset) => {
  it("with unset: 'keep' leaves the stored session as it was, what was changed before dropped", async () => {
    const { results, store, client, token } = await requests(
      {},
      (req) => {
        req.session['user'] = 'eve';
        unset(req);
        return req.session ?? 'none';
      },
      user,
    );
    expect(results).toEqual(['none', 'ada']);
    expect([store.stored, tokenOf(client)]).toEqual([[{ user: 'ada' }], token]);
  });

  it("with unset: 'destroy' ends the session with the response", async () => {
    const { store, client } = await requests({ unset: 'destroy' }, (req) => {
      req.session['user'] = 'eve';
      unset(req);
    });
    expect([store.stored, client.cookies.size, store.count('remove')]).toEqual([[], 0, 1]);
  });

  it('holds for a response that is streamed', async () => {
    const app = await expressApp({
      '/stream': (req, res) => {
        req.session['user'] = 'eve';
        unset(req);
        res.write('a');
        res.end('b');
      },
    });
    const client = await app.knownClient();
    expect((await client.read('/stream')).text).toBe('ab');
    expect([app.store.stored, app.store.count('replace')]).toEqual([[{ user: 'ada' }], 0]);
  });

  it('and then an object: the object counts', async () => {
    const { store } = await requests({ unset: 'destroy' }, (req) => {
      unset(req);
      req.session = { cart: ['tea'] } as unknown as SessionObject;
    });
    expect(store.stored).toEqual([{ cart: ['tea'] }]);
  });
});
