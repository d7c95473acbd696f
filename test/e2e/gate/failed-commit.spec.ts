import { describe, expect, it } from 'vitest';
import { Exchange } from '../../support/exchange.js';
import { expressApp, nodeApp, type SessionApp } from '../../support/session-app.js';
import { type Way, WAYS } from '../../support/ways-to-respond.js';

const STACKS = [
  ['Express', undefined],
  ['Express with compression above', 'above'],
  ['Express with compression below', 'below'],
] as const;

describe.each(STACKS)('P4 on %s, a session that cannot be stored makes a 503 of:', (_name, compression) => {
  it.each(WAYS)('$name', async ({ respond, method = 'GET', ask = {} }: Way) => {
    const app = await expressApp(
      {
        '/'(req, res) {
          req.session['n'] = 1;
          return respond(res);
        },
      },
      { compression },
    );
    const { cookie } = await app.knownClient();
    app.store.fail('replace');
    const { status, text, isComplete, headers } = await new Exchange(app.port, '/', {
      method,
      headers: { cookie, 'accept-encoding': 'gzip', ...ask },
    }).answer;
    expect({ status, text, isComplete }).toEqual({
      status: 503,
      text: method === 'HEAD' ? '' : 'Service Unavailable',
      isComplete: true,
    });
    expect(headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8' });
    for (const name of ['location', 'etag', 'content-encoding', 'transfer-encoding', 'set-cookie']) {
      expect(headers).not.toHaveProperty(name);
    }
    expect(app.store.stored).toEqual([{ user: 'ada' }]);
    await app.log.says(/The session store failed at replace/);
  });

  it('and of the first response of a new session, which then has no cookie', async () => {
    const app = await expressApp(
      {
        '/'(req, res) {
          req.session['n'] = 1;
          res.cookie('own', '1').json({ n: 1 });
        },
      },
      { compression },
    );
    app.store.fail('create');
    const client = app.client();
    expect(await client.read('/')).toEqual({ status: 503, text: 'Service Unavailable' });
    expect(client.cookie).toBe('');
    app.store.heal();
    expect(await client.read('/')).toEqual({ status: 200, text: '{"n":1}' });
    expect(client.cookie).toMatch(/\bsid=/);
  });
});

type Trouble = [string, (app: SessionApp) => void];

const TROUBLES: Trouble[] = [
  ['that rejects', (app) => app.store.fail('replace')],
  ['that throws', (app) => app.store.throwAtOnce('replace')],
  ['that never answers', (app) => app.store.hang('replace')],
  ['that answers nothing', (app) => app.store.answer('replace', undefined)],
  ['that answers nonsense', (app) => app.store.answer('replace', { done: 'perhaps' })],
  [
    'that answers a record that is none',
    (app) => app.store.answer('replace', { done: false, current: { version: 1 } }),
  ],
];

describe('P4 a store', () => {
  it.each(TROUBLES)('%s makes a 503, and the session is as it was', async (_what, trouble) => {
    const app = await nodeApp(
      {
        '/'(req, res) {
          req.session['n'] = 1;
          res.end('stored');
        },
      },
      { operationTimeout: 100 },
    );
    const client = await app.knownClient();
    trouble(app);
    expect(await client.read('/')).toEqual({ status: 503, text: 'Service Unavailable' });
    expect(app.store.stored).toEqual([{ user: 'ada' }]);
    app.store.heal();
    expect(await client.read('/')).toEqual({ status: 200, text: 'stored' });
  });

  it('that answers after the 503 was sent changes nothing about it', async () => {
    const app = await nodeApp(
      {
        '/'(req, res) {
          req.session['n'] = 1;
          res.end('stored');
        },
      },
      { operationTimeout: 100 },
    );
    const client = await app.knownClient();
    const late = app.store.holdAnswer('replace');
    expect((await client.read('/')).status).toBe(503);
    late.release();
    expect(await client.read('/begin')).toEqual({ status: 200, text: 'begun' });
  });
});

const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;

describe('P12 what cannot be stored makes a 500, and the record stays as it was:', () => {
  it.each<[string, unknown]>([
    ['a BigInt', 1n],
    ['a BigInt deep down', { a: [{ b: 1n }] }],
    ['a cycle', cycle],
    [
      'a toJSON that throws',
      {
        toJSON() {
          throw new Error('no');
        },
      },
    ],
    [
      'a getter that throws',
      {
        get now(): never {
          throw new Error('no');
        },
      },
    ],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['too much', 'x'.repeat(10_000)],
  ])('%s', async (_what, value) => {
    const app = await nodeApp(
      {
        '/'(req, res) {
          req.session['user'] = 'eve';
          req.session['value'] = value;
          res.end('stored');
        },
      },
      { maxBytes: 5_000 },
    );
    const client = await app.knownClient();
    expect(await client.read('/')).toEqual({ status: 500, text: 'Internal Server Error' });
    expect(app.store.stored).toEqual([{ user: 'ada' }]);
    expect((await app.client().read('/')).status).toBe(500);
    expect(app.store.count('create')).toBe(1);
    expect(app.store.count('replace')).toBe(0);
  });
});
