import type { Version } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { requests } from '../support/express-requests.js';
import { nestApp } from '../support/nest-app.js';
import { failure } from '../support/run-scripts.js';
import { type ExpressHandler, expressApp, type SessionObject } from '../support/session-app.js';
import { idOf, tokenOf } from '../support/tokens.js';

const RESERVED = ['cookie', 'id', 'req', 'save', 'reload', 'touch', 'resetMaxAge', 'regenerate', 'destroy'];

describe('a reserved name', () => {
  it.each(RESERVED)('%s is refused as a field, with an error that says what to do', async (name) => {
    const { results, store } = await requests({}, async ({ session }) => [
      await failure(() => (session[name] = 1)),
      await failure(() => delete session[name]),
      await failure(() => Object.defineProperty(session, name, { value: 1 })),
    ]);
    for (const error of results[0] as unknown[]) {
      expect(error).toMatchObject({ code: 'session_reserved_field', status: 500 });
      expect(String(error)).toMatch(new RegExp(`"${name}" is a member.*Choose another name`));
    }
    expect(store.stored).toEqual([{ user: 'ada' }]);
  });

  it('in a record that somebody else wrote is no field, and nothing breaks', async () => {
    const { store, knownClient } = await expressApp({
      '/keys': (req, res) =>
        res.json([Object.keys(req.session), req.session['user'], typeof req.session['cookie']]),
    });
    const client = await knownClient();
    const [record] = store.records;
    const fields = '{"cookie":"c","id":"i","user":"eve"}';
    const others = { ...record!, fields, lengths: [], version: 1 as Version };
    await store.inner.replace(idOf(tokenOf(client)), others, record!.version);
    expect(await client.read('/keys')).toEqual({ status: 200, text: '[["cookie","user"],"eve","object"]' });
  });
});

describe('names that mean something to JavaScript', () => {
  const NAMES = [
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'then',
    'toJSON',
    'length',
  ];

  it('are plain data: stored, and read back first thing in the next request', async () => {
    const { results, store } = await requests(
      {},
      ({ session }) => NAMES.forEach((name) => (session[name] = { [name]: 1 })),
      ...NAMES.map(
        (name) =>
          ({ session }: { session: SessionObject }) =>
            session[name],
      ),
    );
    expect(results.slice(1).map((value) => JSON.stringify(value))).toEqual(
      NAMES.map((name) => `{${JSON.stringify(name)}:1}`),
    );
    expect(Object.keys(store.stored[0]!)).toEqual(['user', ...NAMES]);
  });

  it('pollute no prototype, whichever way they come in', async () => {
    const evil = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    ) as object;
    const { results } = await requests(
      {},
      ({ session }) => Object.assign(session, evil),
      (req) => void (req.session = evil as SessionObject),
      ({ session }) => void (session['nested'] = evil),
      ({ session }) => [Object.keys({ ...session }), ({} as Record<string, unknown>)['polluted']],
    );
    expect(results[3]).toEqual([['cookie', '__proto__', 'constructor', 'nested'], undefined]);
    expect('polluted' in {}).toBe(false);
  });

  it('can be deleted', async () => {
    const { store } = await requests(
      {},
      ({ session }) => void (session['__proto__'] = 1),
      ({ session }) => delete session['__proto__'],
    );
    expect(store.stored).toEqual([{ user: 'ada' }]);
  });
});

const cycle: { self?: unknown } = {};
cycle.self = cycle;

const UNSTORABLE: [string, unknown, string][] = [
  ['a BigInt', 1n, 'session_not_serializable'],
  ['a BigInt further down', { deep: [{ price: 1n }] }, 'session_not_serializable'],
  ['a cycle', cycle, 'session_not_serializable'],
  [
    'a toJSON() that throws',
    {
      toJSON() {
        throw new Error('no');
      },
    },
    'session_not_serializable',
  ],
  [
    'a getter that throws',
    {
      get value() {
        throw new Error('no');
      },
    },
    'session_not_serializable',
  ],
  ['a function', () => 1, 'session_not_serializable'],
  ['a symbol', Symbol('s'), 'session_not_serializable'],
  ['300 KiB', 'x'.repeat(300 * 1024), 'session_too_large'],
  ['300 KiB of few characters', '€'.repeat(100 * 1024), 'session_too_large'],
];

describe.each(UNSTORABLE)('%s in the session', (_name, value, code) => {
  const put: ExpressHandler = (req, res) => {
    req.session['user'] = 'eve';
    req.session['odd'] = value;
    res.send('fine');
  };

  it('P12 is a 500 that says why in the log, and the stored record is as it was', async () => {
    const { store, log, knownClient } = await expressApp({
      '/put': put,
      '/get': (req, res) => res.send(req.session['user']),
    });
    const client = await knownClient();
    const response = await client.fetch('/put');
    expect([response.status, response.headers.getSetCookie()]).toEqual([500, []]);
    expect(await response.text()).not.toContain('fine');
    expect(log.errors.map(({ error }) => error)).toMatchObject([{ code }]);
    expect(store.stored).toEqual([{ user: 'ada' }]);
    expect(await client.read('/get')).toEqual({ status: 200, text: 'ada' });
  });

  it('P12 is a 500 through the exception layer of Nest, with its code, and in the log', async () => {
    const { client, log, store } = await nestApp({
      scripts: {
        put({ sessions }) {
          sessions.set('odd', value);
          return 'fine';
        },
      },
    });
    const { status, text } = await client().read('/put');
    expect([status, JSON.parse(text)]).toMatchObject([500, { statusCode: 500, code }]);
    expect(log.errors.map(({ error }) => error)).toMatchObject([{ code }]);
    expect(store.calls).toEqual([]);
  });

  it('P12 is refused by save(), and the rest of the session can still be stored', async () => {
    const { results, store } = await requests({}, async ({ session }) => {
      session['odd'] = value;
      const error = await failure(() => session.save());
      delete session['odd'];
      session['user'] = 'eve';
      return error;
    });
    expect(results[0]).toMatchObject({ code, status: 500 });
    expect(store.stored).toEqual([{ user: 'eve' }]);
  });
});

describe('what JSON changes', () => {
  const when = new Date(0);
  const LOSSY: Record<string, unknown> = {
    date: when,
    map: new Map([['a', 1]]),
    nan: Number.NaN,
    infinite: { value: Infinity },
    hole: [undefined],
    missing: { value: undefined },
    method: { value: () => 1 },
    bare: Object.create(Object.create(null) as object) as unknown,
  };
  const STORED = {
    user: 'ada',
    date: when.toISOString(),
    map: {},
    nan: null,
    infinite: { value: null },
    hole: [null],
    missing: {},
    method: {},
    bare: {},
  };

  it('is stored as JSON has it, and in development warned about once a field', async () => {
    const { store, log } = await requests(
      {},
      ({ session }) => Object.assign(session, LOSSY),
      ({ session }) => Object.assign(session, LOSSY),
    );
    expect(store.stored).toEqual([STORED]);
    expect(log.warnings).toHaveLength(Object.keys(LOSSY).length);
    for (const name of Object.keys(LOSSY)) {
      expect(log.warnings.filter(({ message }) => message.includes(`"${name}"`))).toHaveLength(1);
    }
  });

  it('and does not change is not warned about', async () => {
    const plain = {
      text: 'a',
      list: [1, null, { deep: true }],
      bare: Object.assign(Object.create(null), { a: 1 }),
    };
    const { log } = await requests({}, ({ session }) => Object.assign(session, plain));
    expect(log.warnings).toEqual([]);
  });

  it('is warned about in update() as well', async () => {
    const { client, log } = await nestApp({
      scripts: {
        begin: ({ sessions }) => sessions.set('user', 'Ada'),
        update: ({ sessions }) => sessions.update((draft) => void (draft.odd = when)),
      },
    });
    const known = client();
    await known.read('/begin');
    await known.read('/update');
    expect(log.warnings).toHaveLength(1);
  });

  it('is not warned about in production', async () => {
    const { NODE_ENV: before } = process.env;
    process.env['NODE_ENV'] = 'production';
    try {
      const { log } = await requests({ cookie: { secure: false }, name: 'sid' }, ({ session }) =>
        Object.assign(session, LOSSY),
      );
      expect(log.warnings.filter(({ message }) => message.includes('JSON'))).toEqual([]);
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });
});
