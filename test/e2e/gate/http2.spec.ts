import { pipeline } from 'node:stream/promises';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deferred } from '../../support/deferred.js';
import { http2App } from '../../support/http2-app.js';
import type { NodeHandler } from '../../support/session-app.js';
import { thrownBy } from '../../support/thrown-by.js';
import { sourceOf } from '../../support/ways-to-respond.js';

/** NGHTTP2_INTERNAL_ERROR. */
const INTERNAL_ERROR = 2;
const CANCEL = 8;

const WAYS: [string, (res: ServerResponse) => unknown, number, string][] = [
  ['end', (res) => res.end('hello'), 200, 'hello'],
  [
    'write and end',
    (res) => {
      res.write('hel');
      res.end('lo');
    },
    200,
    'hello',
  ],
  ['a status', (res) => Object.assign(res, { statusCode: 404 }).end(), 404, ''],
  ['writeHead', (res) => res.writeHead(201, { 'x-own': '1' }).end('made'), 201, 'made'],
  [
    'writeHead with a raw list',
    (res) => res.writeHead(201, ['x-own', '1', 'x-own', '2']).end('made'),
    201,
    'made',
  ],
  [
    'flushHeaders',
    (res) => {
      res.flushHeaders();
      res.end('late');
    },
    200,
    'late',
  ],
  [
    'pipeline',
    (res) => pipeline(sourceOf(1_000_000, 10_000), res).catch(() => undefined),
    200,
    'x'.repeat(1_000_000),
  ],
];

const storing =
  (respond: (res: ServerResponse) => unknown): NodeHandler =>
  (req, res) => {
    req.session['user'] = 'ada';
    res.setHeader('Location', '/next');
    res.setHeader('Set-Cookie', 'own=1');
    return respond(res);
  };

describe('over HTTP/2', () => {
  const warnings: unknown[] = [];
  const noteWarning = (warning: unknown) => warnings.push(warning);
  beforeAll(() => void process.on('warning', noteWarning));
  afterAll(() => void process.off('warning', noteWarning));

  it.each(WAYS)(
    'P3 nothing leaves before the session is stored: %s',
    async (_name, respond, status, text) => {
      const app = await http2App({ '/': storing(respond) });
      const hold = app.store.holdNext('create');
      const exchange = app.get('/');
      await hold.reached;
      await app.turn();
      expect(exchange.headers).toBeUndefined();
      hold.release();
      const answer = await exchange.answer;
      expect(answer.code).toBe(0);
      expect(answer.headers[':status']).toBe(status);
      expect(answer.text === text).toBe(true);
      expect(answer.headers['set-cookie']).toEqual(['own=1', expect.stringMatching(/^sid=s%3A/)]);
      expect(answer.headers['vary']).toBe('Cookie');
      expect(app.log.errors).toEqual([]);
    },
  );

  it.each(WAYS)('P4 a session that cannot be stored makes a 503: %s', async (_name, respond) => {
    const app = await http2App({ '/': storing(respond) });
    app.store.fail('create');
    const { headers, text, code } = await app.get('/').answer;
    expect([headers[':status'], text, code]).toEqual([503, 'Service Unavailable', 0]);
    expect(headers).not.toHaveProperty('location');
    expect(headers).not.toHaveProperty('set-cookie');
  });

  it('the session comes back with its cookie', async () => {
    const app = await http2App({
      '/': storing((res) => res.end()),
      '/who': (req, res) => res.end(String(req.session['user'])),
    });
    const { headers } = await app.get('/').answer;
    const cookie = String(headers['set-cookie']?.[1]).split(';')[0] ?? '';
    expect((await app.get('/who', { cookie }).answer).text).toBe('ada');
  });

  it('P4 a commit that fails after the first byte breaks the stream off', async () => {
    const goOn = deferred('a sign');
    const app = await http2App({
      async '/'(req, res) {
        void req.session.save();
        res.write('a');
        await goOn.promise;
        req.session['n'] = 1;
        res.end('b');
      },
    });
    const exchange = app.get('/');
    await exchange.begun;
    app.store.fail('replace');
    goOn.resolve();
    expect(await exchange.answer).toMatchObject({ text: 'a', code: INTERNAL_ERROR });
    await app.log.says(/could not be stored after the response had begun/);
  });

  it('P3 a client that hangs up leaves what was changed for it stored', async () => {
    const goOn = deferred('a sign');
    const app = await http2App({
      async '/'(req, res) {
        void req.session.save();
        res.write('a');
        await goOn.promise;
        req.session['n'] = 1;
        exchange.stream.close(CANCEL);
      },
    });
    const exchange = app.get('/');
    await exchange.begun;
    const hold = app.store.holdAnswer('replace');
    goOn.resolve();
    await hold.reached;
    hold.release();
    await app.turn();
    expect(app.store.stored).toEqual([{ n: 1 }]);
  });

  it('P3 also one that was gone before the first byte', async () => {
    const app = await http2App({
      async '/'(req, res) {
        req.session['n'] = 1;
        await req.session.save();
        const closed = new Promise<void>((resolve) => void res.on('close', resolve));
        exchange.stream.close(CANCEL);
        await closed;
        res.write('a');
        req.session['n'] = 2;
      },
    });
    const hold = app.store.holdAnswer('replace');
    const exchange = app.get('/');
    await hold.reached;
    hold.release();
    await app.turn();
    expect(app.store.stored).toEqual([{ n: 2 }]);
    expect(app.log.errors).toEqual([]);
  });

  it('reads as sent while it is held, and takes no more headers', async () => {
    const seen: unknown[] = [];
    const app = await http2App({
      '/': storing((res) => {
        res.write('a');
        seen.push(
          res.headersSent,
          res.writableEnded,
          thrownBy(() => res.setHeader('a', '1')),
        );
        res.end('b');
        seen.push(res.headersSent, res.writableEnded);
      }),
    });
    expect((await app.get('/').answer).text).toBe('ab');
    expect(seen).toEqual([
      true,
      false,
      expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }),
      true,
      true,
    ]);
  });

  it('a handler whose response was replaced cannot change the error', async () => {
    const replaced = deferred('the error response');
    const done = deferred('the end of the handler');
    const app = await http2App(
      {
        '/': storing(async (res) => {
          res.write('a');
          await replaced.promise;
          res.statusCode = 299;
          res.setHeader('x-after', '1');
          res.write('b');
          res.end('c');
          done.resolve();
        }),
      },
      {
        async onCommitError(_error, _req, res) {
          replaced.resolve();
          await done.promise;
          res.statusCode = 507;
          res.end('the truth');
        },
      },
    );
    app.store.fail('create');
    const { headers, text } = await app.get('/').answer;
    expect([headers[':status'], text]).toEqual([507, 'the truth']);
    expect(headers).not.toHaveProperty('x-after');
  });

  it('makes Node warn of nothing', async () => {
    // Node warns once a process, so it may have been in any test before.
    await new Promise((resolve) => void setImmediate(resolve));
    expect(warnings).toEqual([]);
  });
});
