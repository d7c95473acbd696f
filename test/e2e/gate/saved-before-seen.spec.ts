import { describe, expect, it } from 'vitest';
import { Exchange } from '../../support/exchange.js';
import { expressApp, nodeApp } from '../../support/session-app.js';
import { type Way, WAYS } from '../../support/ways-to-respond.js';

const STACKS = [
  ['Express', undefined],
  ['Express with compression above', 'above'],
  ['Express with compression below', 'below'],
] as const;

/** Compared by length and ends: an assertion on megabytes would print them. */
function expectContent(text: string, content: string): void {
  expect(text.length).toBe(content.length);
  expect(text === content).toBe(true);
}

describe.each(STACKS)('P3 on %s, no byte leaves before the session is stored:', (_name, compression) => {
  it.each(WAYS)(
    '$name',
    async ({ respond, status, method = 'GET', content, headers = {}, ask = {} }: Way) => {
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
      const hold = app.store.holdNext('replace');
      const exchange = new Exchange(app.port, '/', {
        method,
        headers: { cookie, 'accept-encoding': 'gzip', ...ask },
      });
      await hold.reached;
      // A whole exchange beside it: whatever had left would have arrived by then.
      await app.client().read('/begin');
      expect(exchange.bytes).toBe(0);
      expect(app.store.stored[0]).toEqual({ user: 'ada' });
      hold.release();

      const answer = await exchange.answer;
      expect(answer.isComplete).toBe(true);
      expect(answer.status).toBe(status);
      expectContent(answer.text, content);
      expect(answer.headers).toMatchObject(headers);
      if (compression !== undefined && content.length > 1024) {
        expect(answer.headers['content-encoding']).toBe('gzip');
      }
      const { 'content-length': length } = answer.headers;
      if (length !== undefined && method !== 'HEAD') {
        expect(answer.raw.length).toBe(Number(length));
      }
      expect(answer.headers.vary).toMatch(/\bCookie\b/);
      expect(app.store.stored[0]).toEqual({ user: 'ada', n: 1 });
      expect(app.log.errors).toEqual([]);
    },
  );

  it('a new session’s cookie goes out with the response that made it', async () => {
    const app = await expressApp(
      {
        '/'(req, res) {
          req.session['n'] = 1;
          res.cookie('own', '1').send('made');
        },
      },
      { compression },
    );
    const hold = app.store.holdNext('create');
    const exchange = new Exchange(app.port, '/');
    await hold.reached;
    await app.client().read('/begin');
    expect(exchange.bytes).toBe(0);
    hold.release();
    const { headers, text } = await exchange.answer;
    expect(text).toBe('made');
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^own=1/),
      expect.stringMatching(/^sid=s%3A/),
    ]);
    expect(headers['cache-control']).toBe('no-store');
  });
});

describe('P3 on node:http', () => {
  it('sends trailers after what they belong to', async () => {
    const app = await nodeApp({
      '/'(req, res) {
        req.session['n'] = 1;
        res.setHeader('Trailer', 'X-Sum');
        res.write('hello');
        res.addTrailers({ 'X-Sum': '5' });
        res.end();
      },
    });
    const hold = app.store.holdNext('create');
    const exchange = new Exchange(app.port, '/');
    await hold.reached;
    expect(exchange.bytes).toBe(0);
    hold.release();
    expect(await exchange.answer).toMatchObject({ text: 'hello', trailers: { 'x-sum': '5' } });
  });

  it('keeps the order of pipelined requests, whichever session is stored first', async () => {
    const app = await nodeApp({
      '/first'(req, res) {
        req.session['n'] = 1;
        res.end('first');
      },
      '/second'(req, res) {
        req.session['n'] = 2;
        res.end('second');
      },
    });
    const first = app.store.holdNext('create');
    const second = app.store.holdNext('create');
    const raw = await app.raw();
    raw.get('/first');
    raw.get('/second', 'Connection: close');
    await first.reached;
    await second.reached;
    second.release();
    await app.client().read('/begin');
    expect(raw.received).toBe('');
    first.release();
    const received = await raw.closed();
    expect(received).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\nfirstHTTP\/1\.1 200 [^]*\r\n\r\nsecond$/);
    expect(received.match(/^set-cookie: sid=/gim)).toHaveLength(2);
  });

  it('does not hold a response whose session nobody touched', async () => {
    const app = await nodeApp({ '/': (_req, res) => res.end('plain') });
    const client = await app.knownClient();
    app.store.calls.length = 0;
    expect(await client.read('/')).toEqual({ status: 200, text: 'plain' });
    expect(app.store.calls).toEqual(['read']);
  });
});
