import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pipeline, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { deferred } from '../../support/deferred.js';
import { Exchange } from '../../support/exchange.js';
import { expressApp, nodeApp } from '../../support/session-app.js';
import { sourceOf } from '../../support/ways-to-respond.js';

const STACKS = [['no compression'], ['compression above'], ['compression below']] as const;
const placeOf = (stack: string) =>
  (({ 'compression above': 'above', 'compression below': 'below' }) as const)[stack];

describe('P4 a handler whose response was replaced', () => {
  it.each(STACKS)('cannot get anything into the error response, with %s', async (stack) => {
    const replaced = deferred('the error response');
    const done = deferred<unknown[]>('the end of the handler');
    const app = await expressApp(
      {
        async '/'(req, res) {
          req.session['n'] = 1;
          res.setHeader('X-Before', '1');
          res.addTrailers({ 'X-Early': '1' });
          res.write('before');
          res.addTrailers({ 'X-Held': '1' });
          await replaced.promise;
          const seen: unknown[] = [res.headersSent];
          res.statusCode = 299;
          res.statusMessage = 'All is well';
          res.setHeader('X-After', '1').appendHeader('X-After', '2').removeHeader('X-Before');
          res.setHeaders(new Map([['X-After', '3']]));
          res.addTrailers({ 'X-Sum': '1' });
          res.writeHead(200, 'OK', { 'Content-Length': '1000' });
          res.flushHeaders();
          seen.push(res.write('after'));
          const called = deferred<unknown>('a callback');
          res.write('after', (error) => called.resolve(error));
          seen.push(await called.promise);
          const tell: (error?: unknown) => void = (error) => seen.push(error);
          res.end('after', tell);
          res.end(() => done.resolve(seen));
        },
      },
      {
        compression: placeOf(stack),
        async onCommitError(_error, _req, res) {
          replaced.resolve();
          await done.promise;
          res.statusCode = 507;
          res.setHeader('X-Error', '1');
          res.write('the ');
          res.end('truth');
        },
      },
    );
    app.store.fail('create');
    const { status, reason, text, headers, trailers } = await new Exchange(app.port, '/').answer;
    expect([status, reason, text]).toEqual([507, 'Insufficient Storage', 'the truth']);
    expect(headers).toMatchObject({ 'x-before': '1', 'x-error': '1' });
    expect(headers).not.toHaveProperty('x-after');
    expect(trailers).toEqual({});
    expect(await done.promise).toEqual([true, true, expect.any(Error), expect.any(Error)]);
  });

  it('cannot break into an error response that is being written', async () => {
    const begun = deferred('the first part');
    const tried = deferred('the attempt');
    const app = await nodeApp(
      {
        async '/'(req, res) {
          req.session['n'] = 1;
          res.write('before');
          await begun.promise;
          res.write('after');
          res.end('after');
          tried.resolve();
        },
      },
      {
        async onCommitError(_error, _req, res) {
          res.write('one ');
          begun.resolve();
          await tried.promise;
          res.end('two');
        },
      },
    );
    app.store.fail('create');
    expect(await app.client().read('/')).toEqual({ status: 200, text: 'one two' });
  });

  it('hears of it in the callbacks of what was held', async () => {
    const told = deferred<unknown[]>('two callbacks');
    const errors: unknown[] = [];
    const tell = (error?: unknown) => {
      if (errors.push(error) === 2) {
        told.resolve(errors);
      }
    };
    const app = await nodeApp({
      '/'(req, res) {
        req.session['n'] = 1;
        res.write('a', tell);
        res.end('b', tell);
      },
    });
    app.store.fail('create');
    expect((await app.client().read('/')).status).toBe(503);
    expect(await told.promise).toEqual([
      expect.objectContaining({ code: 'session_unavailable' }),
      expect.objectContaining({ code: 'session_unavailable' }),
    ]);
  });

  it.each(STACKS)('has its sources run dry, with %s', async (stack) => {
    const ends = [
      deferred('the end of a pipe'),
      deferred('the end of a pipeline'),
      deferred('the end of a file'),
    ];
    const app = await expressApp(
      {
        '/pipe'(req, res) {
          req.session['n'] = 1;
          sourceOf(1_000_000, 1_000)
            .on('end', () => ends[0]?.resolve())
            .pipe(res.type('text'));
        },
        '/pipeline'(req, res) {
          req.session['n'] = 1;
          pipeline(Readable.from(['a', 'b', 'c']), res.type('text'), () => ends[1]?.resolve());
        },
        '/file'(req, res) {
          req.session['n'] = 1;
          const file = createReadStream(fileURLToPath(import.meta.url), { highWaterMark: 100 });
          file.on('close', () => ends[2]?.resolve()).pipe(res.type('text'));
        },
      },
      { compression: placeOf(stack) },
    );
    app.store.fail('create');
    for (const [i, path] of ['/pipe', '/pipeline', '/file'].entries()) {
      const exchange = new Exchange(app.port, path, { headers: { 'accept-encoding': 'gzip' } });
      expect((await exchange.answer).text).toBe('Service Unavailable');
      await ends[i]?.promise;
    }
  });

  it('does not wait for a drain for ever', async () => {
    const ended = deferred('the end of the handler');
    const app = await nodeApp({
      async '/'(req, res) {
        req.session['n'] = 1;
        for (let i = 0; i < 10; i++) {
          if (!res.write('a')) {
            await once(res, 'drain');
          }
        }
        res.end(() => ended.resolve());
      },
    });
    app.store.fail('create');
    expect(await app.client().read('/')).toEqual({ status: 503, text: 'Service Unavailable' });
    await ended.promise;
  });

  it('gets its callback of sendFile', async () => {
    const sent = deferred('the callback');
    const app = await expressApp({
      '/'(req, res) {
        req.session['n'] = 1;
        res.sendFile(fileURLToPath(import.meta.url), () => sent.resolve());
      },
    });
    app.store.fail('create');
    expect((await app.client().read('/')).status).toBe(503);
    await sent.promise;
  });
});

describe('P4 an error of the handler itself', () => {
  it('goes through Express’s error chain once, and is logged when its response is replaced', async () => {
    const chain: unknown[] = [];
    const app = await expressApp(
      {
        '/'(req, _res, next) {
          req.session['n'] = 1;
          next(new Error('boom'));
        },
      },
      {
        tearOff: (app) =>
          app.use(
            (
              error: unknown,
              _req: unknown,
              res: { status(code: number): { send(text: string): void } },
              _next: unknown,
            ) => {
              chain.push(error);
              res.status(500).send('handled');
            },
          ),
      },
    );
    const client = await app.knownClient();
    app.store.fail('replace');
    expect(await client.read('/')).toEqual({ status: 503, text: 'Service Unavailable' });
    expect(chain).toHaveLength(1);
    await app.log.says(/A response with status 500 was replaced/);

    app.store.heal();
    expect(await client.read('/')).toEqual({ status: 500, text: 'handled' });
    expect(app.store.stored).toEqual([{ user: 'ada', n: 1 }]);
  });

  it('commits like any other response', async () => {
    const app = await expressApp({
      async '/'(req) {
        req.session['n'] = 1;
        await Promise.reject(Object.assign(new Error('boom'), { status: 400 }));
      },
    });
    const client = await app.knownClient();
    expect((await client.read('/')).status).toBe(400);
    expect(app.store.stored).toEqual([{ user: 'ada', n: 1 }]);
  });

  it('is told of by its status in the log, also where its headers fail after the head was given', async () => {
    const app = await expressApp({
      '/': (req, res) => {
        void req.session['user'];
        const { getHeader } = res;
        res.getHeader = () => {
          res.getHeader = getHeader;
          throw new Error('a layer broke');
        };
        res.writeHead(500);
        res.end('dropped');
      },
    });
    const client = await app.knownClient();
    expect((await client.read('/')).status).toBe(503);
    await app.log.says(/A response with status 500 was replaced/);
  });

  it('on plain Express, thrown after its response was sent, breaks the connection; the session is stored', async () => {
    const app = await expressApp({
      '/'(req, res) {
        req.session['n'] = 1;
        res.send('sent');
        throw new Error('boom');
      },
    });
    const { cookie } = await app.knownClient();
    const hold = app.store.holdNext('replace');
    const exchange = new Exchange(app.port, '/', { headers: { cookie } });
    await hold.reached;
    const { status } = await exchange.answer;
    expect(status).toBe(0);
    hold.release();
    await app.client().read('/begin');
    expect(app.store.stored[0]).toEqual({ user: 'ada', n: 1 });
  });
});
