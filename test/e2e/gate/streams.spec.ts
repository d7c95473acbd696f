import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { deferred } from '../../support/deferred.js';
import { Exchange } from '../../support/exchange.js';
import { expressApp, nodeApp } from '../../support/session-app.js';
import { sourceOf } from '../../support/ways-to-respond.js';

const MEGABYTE = 1024 * 1024;

describe('back-pressure', () => {
  it.each([['node:http'], ['compression above'], ['compression below']])(
    'stops a source while its response is held, and lets it go on after (%s)',
    async (stack) => {
      let given = 0;
      const app = await expressApp(
        {
          '/'(req, res) {
            req.session['n'] = 1;
            sourceOf(20 * MEGABYTE, 16_384, (bytes) => (given = bytes)).pipe(res.type('text'));
          },
        },
        { compression: ({ 'compression above': 'above', 'compression below': 'below' } as const)[stack] },
      );
      const hold = app.store.holdNext('create');
      const exchange = new Exchange(app.port, '/', { headers: { 'accept-encoding': 'gzip' } });
      await hold.reached;
      await app.client().read('/begin');
      await app.client().read('/begin');
      expect(given).toBeLessThan(MEGABYTE);
      hold.release();
      expect((await exchange.answer).text.length).toBe(20 * MEGABYTE);
    },
  );

  it('stops a source whose client does not read', async () => {
    const total = 512 * MEGABYTE;
    let given = 0;
    const finished = deferred('the end of the source');
    const app = await nodeApp({
      '/'(req, res) {
        req.session['n'] = 1;
        const source = sourceOf(total, 65_536, (bytes) => (given = bytes));
        pipeline(source, res).catch(() => finished.resolve());
      },
    });
    const raw = await app.raw();
    raw.socket.pause();
    raw.get('/');
    // Until it stands still: two exchanges beside it in which nothing more is given.
    let before = -1;
    while (before !== given) {
      before = given;
      await app.client().read('/begin');
      await app.client().read('/begin');
    }
    expect(given).toBeGreaterThan(0);
    expect(given).toBeLessThan(total / 4);
    raw.hangUp();
    await finished.promise;
  });

  it.each([
    ['no compression', undefined, 'text'],
    ['compression below', 'below', 'text'],
    ['compression below that does not compress', 'below', 'png'],
  ] as const)('tells who waits for the drain of a held write, once, with %s', async (_name, place, type) => {
    let drains = 0;
    const app = await expressApp(
      {
        async '/'(req, res) {
          req.session['n'] = 1;
          res.type(type);
          const seen = once(res, 'drain');
          res.on('drain', () => drains++);
          res.write('a');
          await seen;
          await pipeline(Readable.from(['b', 'c']), res);
        },
      },
      { compression: place },
    );
    expect(await app.client().read('/')).toEqual({ status: 200, text: 'abc' });
    expect(drains).toBe(1);
  });

  it('tells nobody of a drain while the client has not taken what was held', async () => {
    let drains = 0;
    const drained = deferred('a drain');
    const size = 64 * MEGABYTE;
    const app = await nodeApp({
      async '/'(req, res) {
        req.session['n'] = 1;
        res.on('drain', () => {
          drains++;
          drained.resolve();
        });
        res.write(Buffer.alloc(size, 'x'));
        await drained.promise;
        res.end();
      },
    });
    const hold = app.store.holdNext('create');
    const raw = await app.raw();
    raw.socket.pause();
    raw.get('/', 'Connection: close');
    await hold.reached;
    hold.release();
    await app.client().read('/begin');
    await app.client().read('/begin');
    expect(drains).toBe(0);
    raw.socket.resume();
    expect((await raw.closed()).length).toBeGreaterThan(size);
    expect(drains).toBe(1);
  });
});

describe('server-sent events', () => {
  it('P3 what was changed after the first event is durable before the stream ends', async () => {
    const goOn = deferred('a sign');
    const app = await nodeApp({
      async '/'(req, res) {
        req.session['events'] = 1;
        res.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
        res.write('data: 1\n\n');
        await goOn.promise;
        req.session['events'] = 2;
        res.write('data: 2\n\n');
        res.end('data: 3\n\n');
      },
    });
    const client = await app.knownClient();
    const exchange = new Exchange(app.port, '/', { headers: { cookie: client.cookie } });
    await exchange.receives('data: 1\n\n');
    expect(app.store.stored).toEqual([{ user: 'ada', events: 1 }]);
    const last = app.store.holdNext('replace');
    goOn.resolve();
    await exchange.receives('data: 2\n\n');
    await last.reached;
    await client.read('/begin');
    expect(app.store.stored).toEqual([{ user: 'ada', events: 1 }]);
    last.release();
    const { text, isComplete } = await exchange.answer;
    expect([text, isComplete]).toEqual(['data: 1\n\ndata: 2\n\ndata: 3\n\n', true]);
    expect(app.store.stored).toEqual([{ user: 'ada', events: 2 }]);
  });

  it('reads as ended while the last change is stored', async () => {
    const seen: unknown[] = [];
    const app = await nodeApp({
      '/'(req, res) {
        res.write('a');
        req.session['n'] = 1;
        res.end('b');
        seen.push(res.writableEnded, res.writableFinished);
        res.write('c', (error) => seen.push(error));
        res.end();
      },
    });
    const client = await app.knownClient();
    expect(await client.read('/')).toEqual({ status: 200, text: 'ab' });
    expect(seen).toEqual([true, false, expect.objectContaining({ code: 'ERR_STREAM_WRITE_AFTER_END' })]);
    expect(app.store.stored).toEqual([{ user: 'ada', n: 1 }]);
  });

  it('sends the head at once when there is nothing to store', async () => {
    const end = deferred('a sign');
    const app = await nodeApp({
      async '/'(_req, res) {
        res.flushHeaders();
        await end.promise;
        res.end('late');
      },
    });
    const exchange = new Exchange(app.port, '/');
    expect((await exchange.head).statusCode).toBe(200);
    end.resolve();
    expect((await exchange.answer).text).toBe('late');
  });
});
