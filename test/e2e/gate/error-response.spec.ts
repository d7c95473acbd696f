import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Response } from 'express';
import { SessionClosedError, SessionNotStorableException, SessionUnavailableException } from 'nest-sessions';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Exchange } from '../../support/exchange.js';
import { expressApp, nodeApp, type SessionObject } from '../../support/session-app.js';
import { LONG } from '../../support/ways-to-respond.js';

describe('the response to a failed commit', () => {
  it('has the headers of the exchange, and none of the content that was dropped', async () => {
    const kept = {
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-credentials': 'true',
      'content-security-policy': "default-src 'self'",
      'content-security-policy-report-only': "default-src 'none'",
      'strict-transport-security': 'max-age=1',
      'x-content-type-options': 'nosniff',
      'x-request-id': '1',
      vary: 'Origin',
    };
    const dropped = {
      'content-type': 'application/pdf',
      'content-length': '5',
      'content-encoding': 'identity',
      'content-language': 'en',
      'content-disposition': 'attachment; filename="a.pdf"',
      'content-range': 'bytes 0-4/5',
      'content-location': '/a',
      trailer: 'x-sum',
      etag: '"1"',
      'last-modified': 'Thu, 01 Jan 1970 00:00:00 GMT',
      location: '/next',
      'cache-control': 'public, max-age=3600',
      expires: 'Thu, 01 Jan 2099 00:00:00 GMT',
      'accept-ranges': 'bytes',
      refresh: '5',
    };
    const app = await nodeApp({
      '/'(req, res) {
        req.session['n'] = 1;
        res.setHeader('Set-Cookie', 'own=1');
        res.writeHead(206, 'Partly', { ...kept, ...dropped });
        res.end('12345');
      },
    });
    app.store.fail('create');
    const { status, reason, headers } = await new Exchange(app.port, '/').answer;
    expect([status, reason]).toEqual([503, 'Service Unavailable']);
    expect(headers).toMatchObject(kept);
    expect(headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8', 'content-length': '19' });
    for (const name of [...Object.keys(dropped).slice(2), 'set-cookie']) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  it.each([
    ['the cookie of a new session', /^sid=s%3A/, (session: SessionObject) => session.save()],
    ['the end of the cookie of a dead one', /^sid=;.*Expires=Thu, 01 Jan 1970/, () => Promise.resolve()],
  ])('carries %s that is durable already', async (_what, cookie, save) => {
    const app = await nodeApp({
      async '/'(req, res) {
        await req.session.regenerate();
        req.session['user'] = 'eve';
        await save(req.session);
        req.session['bad'] = 1n;
        res.end('done');
      },
    });
    const client = await app.knownClient();
    const response = await client.fetch('/');
    expect(response.status).toBe(500);
    expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(cookie)]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  it('is given once, to onCommitError, with an error that says what happened', async () => {
    const errors: unknown[] = [];
    const app = await nodeApp(
      {
        '/down'(req, res) {
          req.session['n'] = 1;
          res.write('a');
          res.end('b');
        },
        '/bad'(req, res) {
          req.session['n'] = 1n;
          res.end();
        },
      },
      {
        onCommitError(error, req, res) {
          errors.push(error);
          res.writeHead(507, { 'Content-Type': 'application/json' }).end(`{"path":"${req.url}"}`);
        },
      },
    );
    app.store.fail('create');
    expect(await app.client().read('/down')).toEqual({ status: 507, text: '{"path":"/down"}' });
    expect(await app.client().read('/bad')).toEqual({ status: 507, text: '{"path":"/bad"}' });
    expect(errors).toEqual([
      expect.any(SessionUnavailableException),
      expect.any(SessionNotStorableException),
    ]);
  });

  it('may be asynchronous, and is not gated: writing to the session in it throws', async () => {
    const thrown: unknown[] = [];
    const app = await nodeApp(
      {
        '/'(req, res) {
          req.session['n'] = 1;
          res.write('never seen');
        },
      },
      {
        async onCommitError(_error, req, res) {
          await new Promise((resolve) => void setImmediate(resolve));
          try {
            Object.assign(req, { session: { n: 2 } });
          } catch (error) {
            thrown.push(error);
          }
          try {
            (req as unknown as { session: SessionObject }).session['n'] = 2;
          } catch (error) {
            thrown.push(error);
          }
          res.statusCode = 507;
          res.write('sorry');
          await new Promise((resolve) => void setImmediate(resolve));
          res.end('!');
        },
      },
    );
    app.store.fail('create');
    expect(await app.client().read('/')).toEqual({ status: 507, text: 'sorry!' });
    expect(thrown).toEqual([expect.any(SessionClosedError), expect.any(SessionClosedError)]);
    expect(app.store.count('create')).toBe(1);
  });

  it.each([undefined, 'above', 'below'] as const)(
    'may be a large file, with back-pressure (compression: %s)',
    async (compression) => {
      const directory = await mkdtemp(join(tmpdir(), 'nest-sessions-'));
      onTestFinished(() => rm(directory, { recursive: true }));
      const page = join(directory, 'sorry.html');
      await writeFile(page, 'sorry '.repeat(1_000_000));
      const app = await expressApp(
        {
          '/'(req, res) {
            req.session['n'] = 1;
            res.send(LONG);
          },
        },
        {
          compression,
          onCommitError: (_error, _req, res) => (res as Response).status(503).sendFile(page),
        },
      );
      app.store.fail('create');
      const exchange = new Exchange(app.port, '/', { headers: { 'accept-encoding': 'gzip' } });
      const { status, text } = await exchange.answer;
      expect([status, text.length]).toEqual([503, 6_000_000]);
    },
  );
});

describe('an onCommitError that fails', () => {
  type Answer = (res: ServerResponse) => void | Promise<void>;
  const boom = () => {
    throw new Error('the error page is broken');
  };
  const CASES: [string, Answer, number, boolean][] = [
    ['at once makes a bare 503', boom, 503, true],
    ['later makes a bare 503', () => Promise.reject(new Error('boom')), 503, true],
    [
      'after it described a content makes a bare 503',
      (res) => {
        res.setHeader('Content-Length', 1_000_000);
        res.setHeader('Content-Encoding', 'gzip');
        res.setHeader('Content-Type', 'image/png');
        boom();
      },
      503,
      true,
    ],
    [
      'with an open head makes a bare 503 of it, or none',
      (res) => {
        res.writeHead(500, { 'Content-Length': 1_000_000 });
        boom();
      },
      0,
      false,
    ],
    [
      'after it began breaks the connection off',
      async (res) => {
        res.writeHead(500, { 'Content-Length': 1_000_000 });
        await new Promise<void>((resolve) => void res.write('sorry', () => resolve()));
        boom();
      },
      500,
      false,
    ],
  ];

  it.each(CASES)('%s', async (_what, answer, status, isComplete) => {
    let calls = 0;
    const app = await nodeApp(
      {
        '/'(req, res) {
          req.session['n'] = 1;
          res.end();
        },
      },
      {
        onCommitError(_error, _req, res) {
          calls++;
          return answer(res);
        },
      },
    );
    app.store.fail('create');
    const got = await new Exchange(app.port, '/').answer;
    expect([got.status, got.isComplete]).toEqual([status, isComplete]);
    if (isComplete) {
      expect(got.text).toBe('Service Unavailable');
      expect(got.headers).toMatchObject({ 'content-type': 'text/plain; charset=utf-8' });
      expect(got.headers).not.toHaveProperty('content-encoding');
    }
    await app.log.says(/The error response failed/);
    expect(calls).toBe(1);
  });

  it('does not cost the client a cookie that is durable', async () => {
    const app = await nodeApp(
      {
        async '/'(req, res) {
          req.session['n'] = 1;
          await req.session.save();
          req.session['n'] = 1n;
          res.end();
        },
      },
      { onCommitError: boom },
    );
    const client = app.client();
    expect((await client.read('/')).status).toBe(503);
    expect(client.cookie).toMatch(/^sid=s%3A/);
  });
});

describe('P12 an application’s own function for the cookie that fails', () => {
  it.each([
    ['when something has to be stored', true],
    ['when nothing has', false],
  ])('%s, makes a 503', async (_when, isChanged) => {
    let isBroken = false;
    const app = await nodeApp(
      {
        '/'(req, res) {
          if (isChanged) {
            req.session['n'] = 1;
          }
          isBroken = true;
          res.end('fine');
        },
      },
      {
        rolling: true,
        cookie: () => {
          if (isBroken) {
            throw new Error('no cookie today');
          }
          return {};
        },
      },
    );
    const client = await app.knownClient();
    expect(await client.read('/')).toEqual({ status: 503, text: 'Service Unavailable' });
    await app.log.says(/no cookie today/);
  });
});
