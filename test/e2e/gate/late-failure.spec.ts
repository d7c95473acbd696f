import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { deferred } from '../../support/deferred.js';
import { Exchange } from '../../support/exchange.js';
import { fakeClock } from 'nest-sessions/testing';
import { expressApp, nodeApp } from '../../support/session-app.js';

describe('a commit that fails after the first byte', () => {
  it.each([undefined, 'above', 'below'] as const)(
    'P4 breaks the response off and is logged (compression: %s)',
    async (compression) => {
      const goOn = deferred('a sign');
      const app = await expressApp(
        {
          async '/'(req, res) {
            res.type('text/plain').write(randomBytes(100_000).toString('hex'));
            await goOn.promise;
            req.session['n'] = 1;
            res.end('b');
          },
        },
        { compression },
      );
      const { cookie } = await app.knownClient();
      app.store.fail('replace');
      const exchange = new Exchange(app.port, '/', { headers: { cookie, 'accept-encoding': 'gzip' } });
      expect((await exchange.head).statusCode).toBe(200);
      goOn.resolve();
      expect((await exchange.answer).isComplete).toBe(false);
      await app.log.says(/could not be stored after the response had begun.*store failed at replace/);
      expect(app.store.stored).toEqual([{ user: 'ada' }]);
    },
  );

  it('P4 calls back the end that was held, with the error', async () => {
    const ended = deferred<unknown>('the callback of end()');
    const app = await nodeApp({
      '/'(req, res) {
        res.write('a');
        req.session['n'] = 1n;
        const tell: (error?: unknown) => void = (error) => ended.resolve(error);
        res.end('b', tell);
      },
    });
    const { cookie } = await app.knownClient();
    const { isComplete } = await new Exchange(app.port, '/', { headers: { cookie } }).answer;
    expect(isComplete).toBe(false);
    expect(await ended.promise).toMatchObject({ code: 'session_not_serializable' });
  });

  it('is logged only, where all that was announced has arrived', async () => {
    const app = await nodeApp({
      async '/'(req, res) {
        res.writeHead(200, { 'Content-Length': 5 });
        await new Promise<void>((resolve) => void res.write('hello', () => resolve()));
        req.session['n'] = 1;
        res.end();
      },
    });
    const { cookie } = await app.knownClient();
    app.store.fail('replace');
    const { text } = await new Exchange(app.port, '/', { headers: { cookie } }).answer;
    expect(text).toBe('hello');
    await app.log.says(/could not be stored after the response had begun/);
  });

  it('does not reach onCommitError: there is nothing left to answer', async () => {
    let calls = 0;
    const app = await nodeApp(
      {
        '/'(req, res) {
          res.write('a');
          req.session['n'] = 1;
          res.end('b');
        },
      },
      { onCommitError: () => void calls++ },
    );
    const { cookie } = await app.knownClient();
    app.store.fail('replace');
    await new Exchange(app.port, '/', { headers: { cookie } }).answer;
    expect(calls).toBe(0);
  });
});

describe('a session that begins after the first byte', () => {
  it.each<[string, (session: { [name: string]: unknown; regenerate(): Promise<void> }) => void]>([
    ['by a field', (session) => (session['n'] = 1)],
    ['by a bare regenerate()', (session) => void session.regenerate()],
  ])('%s is a logged error; the response is complete and nothing is stored', async (_how, begin) => {
    const app = await nodeApp({
      '/'(req, res) {
        res.write('a');
        begin(req.session);
        res.end('b');
      },
    });
    const client = app.client();
    expect(await client.read('/')).toEqual({ status: 200, text: 'ab' });
    await app.log.says(/A session can neither begin nor get another token once the response has begun/);
    expect(app.store.stored).toEqual([]);
    expect(client.cookie).toBe('');
  });
});

describe('activity', () => {
  const MINUTE = 60_000;

  it.each<[string, (store: Awaited<ReturnType<typeof nodeApp>>['store']) => void, RegExp | undefined]>([
    ['fails', (store) => store.fail('touch'), /Cause: The test took the store down/],
    ['throws', (store) => store.throwAtOnce('touch'), /Cause: The test took the store down/],
    ['is answered with nonsense', (store) => store.answer('touch', 'yes'), /failed at touch/],
    ['is not answered', (store) => store.hang('touch'), /failed at touch: no answer within 200 ms/],
    ['finds nothing', (store) => store.answer('touch', false), undefined],
  ])('that cannot be written down is no error for the client: it %s', async (_how, trouble, line) => {
    const clock = fakeClock(Date.now());
    const app = await nodeApp(
      { '/': (req, res) => res.end(String(req.session['user'])) },
      { clock, idleTimeout: '30m', operationTimeout: 200 },
    );
    const client = await app.knownClient();
    trouble(app.store);
    clock.advance(10 * MINUTE);
    expect(await client.read('/')).toEqual({ status: 200, text: 'ada' });
    expect(app.store.count('touch')).toBe(1);
    if (line !== undefined) {
      await app.log.says(line);
    }
    expect(app.log.errors).toHaveLength(line === undefined ? 0 : 1);
  });

  it('does not hold the response', async () => {
    const clock = fakeClock(Date.now());
    const app = await nodeApp({ '/': (req, res) => res.end(String(req.session['user'])) }, { clock });
    const client = await app.knownClient();
    clock.advance(10 * MINUTE);
    const touch = app.store.holdNext('touch');
    expect((await client.read('/')).text).toBe('ada');
    await touch.reached;
    touch.release();
  });
});
