import { inspect } from 'node:util';
import session from 'express-session';
import { describe, expect, it } from 'vitest';
import type { CookieClient } from '../support/http-server.js';
import {
  type AppOptions,
  type ExpressHandler,
  expressApp,
  type SessionObject,
} from '../support/session-app.js';

type Use = (session: SessionObject, req: Parameters<ExpressHandler>[0]) => unknown;

const FIELDS = { user: 'Ada', cart: ['tea'], count: 1 };

/** Uses a session with fields, in a request of its own, and answers what that returned. */
async function using(use: Use, options: AppOptions = {}) {
  let result: unknown;
  const app = await expressApp(
    {
      '/fill': (req, res) => {
        Object.assign(req.session, FIELDS);
        res.end();
      },
      '/use': async (req, res) => {
        result = await use(req.session, req);
        res.end();
      },
    },
    options,
  );
  const client: CookieClient = app.client();
  await client.read('/fill');
  app.store.calls.length = 0;
  const response = await client.fetch('/use');
  expect(response.status).toBe(200);
  return { result, response, ...app };
}

describe('req.session behaves like a plain object', () => {
  it.each<[string, Use, unknown]>([
    ['reads', (s) => [s['user'], s['cart'], s['none']], ['Ada', ['tea'], undefined]],
    [
      'in',
      (s) => ['user' in s, 'none' in s, 'cookie' in s, 'save' in s, 'toString' in s],
      [true, false, true, true, true],
    ],
    [
      'Object.hasOwn',
      (s) => [Object.hasOwn(s, 'user'), Object.hasOwn(s, 'cookie'), Object.hasOwn(s, 'save')],
      [true, true, false],
    ],
    // oxlint-disable-next-line no-prototype-builtins -- older code asks in this way
    ['hasOwnProperty', (s) => (s as object).hasOwnProperty('user'), true],
    ['Object.keys', (s) => Object.keys(s), ['cookie', 'user', 'cart', 'count']],
    ['Object.entries', (s) => Object.entries(s).slice(1), Object.entries(FIELDS)],
    ['for … in', (s) => forIn(s), ['cookie', 'user', 'cart', 'count']],
    ['spread', (s) => ({ ...s, cookie: 0 }), { ...FIELDS, cookie: 0 }],
    ['destructuring', ({ user, ...rest }) => [user, Object.keys(rest)], ['Ada', ['cookie', 'cart', 'count']]],
    ['Object.assign from it', (s) => ({ ...Object.assign({}, s), cookie: 0 }), { ...FIELDS, cookie: 0 }],
    ['JSON.stringify', (s) => omitCookie(JSON.parse(JSON.stringify(s)) as object), FIELDS],
    ['a default for what is not there', ({ none = 5 }) => none, 5],
    ['String', (s) => String(s), '[object Object]'],
    ['identity', (s, req) => s === (req as { session: unknown }).session, true],
  ])('%s', async (_name, use, expected) => {
    const { result, store } = await using(use);
    expect(result).toEqual(expected);
    expect(store.calls).toEqual(['read']);
  });

  it.each<[string, Use, Record<string, unknown>]>([
    ['assignment', (s) => (s['user'] = 'Eve'), { ...FIELDS, user: 'Eve' }],
    ['delete', (s) => delete s['user'], { cart: ['tea'], count: 1 }],
    ['delete of what is not there', (s) => delete s['none'], FIELDS],
    [
      'Object.assign into it',
      (s) => Object.assign(s, { user: 'Eve', more: 1 }),
      { ...FIELDS, user: 'Eve', more: 1 },
    ],
    [
      'Object.defineProperty',
      (s) => Object.defineProperty(s, 'more', { value: 1, enumerable: true }),
      { ...FIELDS, more: 1 },
    ],
    [
      'a change inside a field',
      (s) => (s['cart'] as string[]).push('milk'),
      { ...FIELDS, cart: ['tea', 'milk'] },
    ],
    [
      '++ and ??=',
      (s) => [(s['count'] as number)++, (s['more'] ??= 'new')],
      { ...FIELDS, count: 2, more: 'new' },
    ],
    ['undefined, which is as good as deleted', (s) => (s['user'] = undefined), { cart: ['tea'], count: 1 }],
    [
      'a swap',
      (s) => ([s['user'], s['count']] = [s['count'], s['user']]),
      { user: 1, cart: ['tea'], count: 'Ada' },
    ],
  ])('is changed by %s', async (_name, use, expected) => {
    const { store } = await using(use);
    expect(store.stored).toEqual([expected]);
    expect(store.calls.filter((call) => call !== 'replace')).toEqual(['read']);
  });

  it('keeps the reference it was given: what is changed after assigning is stored (connect-flash)', async () => {
    const { store, result } = await using((s) => {
      const messages: Record<string, string[]> = {};
      s['flash'] = messages;
      (messages['info'] ??= []).push('saved');
      return s['flash'] === messages;
    });
    expect(result).toBe(true);
    expect(store.stored).toEqual([{ ...FIELDS, flash: { info: ['saved'] } }]);
  });

  it('is an instance of express-session’s Session, with its methods on the prototype', async () => {
    const { result } = await using((s) => [
      s instanceof (session as unknown as { Session: new () => object }).Session,
      Object.getPrototypeOf(Object.getPrototypeOf(s)) ===
        (session as unknown as { Session: { prototype: object } }).Session.prototype,
      ['save', 'reload', 'regenerate', 'destroy', 'touch', 'resetMaxAge'].map((name) => typeof s[name]),
    ]);
    expect(result).toEqual([true, true, Array(6).fill('function')]);
  });

  it('has cookie, id and req, as there', async () => {
    const { result } = await using((s, req) => [
      s['cookie'] instanceof session.Cookie,
      Object.getOwnPropertyDescriptor(s, 'cookie')?.enumerable,
      s['id'] === (req as unknown as { sessionID: string }).sessionID,
      s['req'] === req,
      Object.keys(s).filter((name) => name === 'id' || name === 'req'),
    ]);
    expect(result).toEqual([true, true, true, true, []]);
  });

  it('shows its fields in the console, untouched as well', async () => {
    const { result, store } = await using((s) => [inspect(s), inspect({ nested: s })]);
    expect(result).toEqual([
      "{ user: 'Ada', cart: [ 'tea' ], count: 1 }",
      "{ nested: { user: 'Ada', cart: [ 'tea' ], count: 1 } }",
    ]);
    expect(store.calls).toEqual(['read']);
  });

  it('is extensible, takes no accessors and no prototype of somebody else', async () => {
    const { result, store } = await using((s) => [
      Object.isExtensible(s),
      Reflect.defineProperty(s, 'computed', { get: () => 1 }),
      Reflect.preventExtensions(s),
      'computed' in s,
    ]);
    expect(result).toEqual([true, false, false, false]);
    expect(store.stored).toEqual([FIELDS]);
  });
});

describe('a look at req.session', () => {
  const look: Use = (s) => [
    (s as unknown as Record<symbol, unknown>)[Symbol.iterator],
    (s as unknown as Record<symbol, unknown>)[Symbol.toStringTag],
    s['then'],
    s['toJSON'],
    typeof s['constructor'],
    typeof inspect(s),
    typeof s,
    Object.prototype.toString.call(s),
  ];
  const LOOKED = [
    undefined,
    undefined,
    undefined,
    undefined,
    'function',
    'string',
    'object',
    '[object Object]',
  ];

  it.each(['eager', 'lazy'] as const)(
    "with load: '%s' is no use: it reads nothing more and varies by nothing",
    async (load) => {
      const { result, store, response } = await using(look, { load });
      expect(result).toEqual(LOOKED);
      expect(store.calls).toEqual(load === 'eager' ? ['read'] : []);
      expect(response.headers.get('vary')).toBeNull();
    },
  );

  it('does not throw while the store is down', async () => {
    const app = await expressApp({
      '/look': (req, res) => res.json(look(req.session, req)),
      '/use': (req, res) => res.json(req.session['user']),
    });
    const client = await app.knownClient();
    app.store.fail('read');
    expect((await client.read('/look')).status).toBe(200);
    expect((await client.read('/use')).status).toBe(503);
  });

  it('awaits as itself', async () => {
    const { result } = await using(async (s) => (await s) === s);
    expect(result).toBe(true);
  });

  it('keeps symbols to itself, unstored', async () => {
    const note = Symbol('note');
    const { result, store } = await using((s) => {
      Object.assign(s, { [note]: 1 });
      return [(s as unknown as Record<symbol, unknown>)[note], note in s, Reflect.ownKeys(s).length];
    });
    expect(result).toEqual([1, true, 4]);
    expect(store.stored).toEqual([FIELDS]);
  });
});

function forIn(object: object): string[] {
  const names: string[] = [];
  // oxlint-disable-next-line guard-for-in -- what it shows of the prototype is the question
  for (const name in object) {
    names.push(name);
  }
  return names;
}

function omitCookie(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== 'cookie'));
}
