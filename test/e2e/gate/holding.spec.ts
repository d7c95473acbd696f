import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { deferred } from '../../support/deferred.js';
import { CookieClient, listen } from '../../support/http-server.js';
import { type NodeHandler, nodeApp, type SessionApp } from '../../support/session-app.js';
import { thrownBy } from '../../support/thrown-by.js';

/** Serves `/` with a handler whose response is held by the creation of the session until that is released. */
async function heldApp(handler: NodeHandler): Promise<SessionApp & { release: () => Promise<void> }> {
  const app = await nodeApp({
    '/'(req, res) {
      req.session['user'] = 'ada';
      return handler(req, res);
    },
  });
  const hold = app.store.holdNext('create');
  return {
    ...app,
    async release() {
      await hold.reached;
      hold.release();
    },
  };
}

/** Runs a response under sessions, held, and answers what the client got. */
async function held(handler: NodeHandler): Promise<{ status: number; text: string }> {
  const app = await heldApp(handler);
  const answer = app.client().read('/');
  await app.release();
  return answer;
}

/** Runs a response on plain `node:http`. */
async function plain(respond: (res: ServerResponse) => void): Promise<{ status: number; text: string }> {
  const server = await listen((_req, res) => respond(res));
  onTestFinished(() => server.close());
  return new CookieClient(server.url).read('/');
}

describe('a response that is held', () => {
  it('reads as sent, and as ended only after its end', async () => {
    const seen: unknown[] = [];
    const look = (res: ServerResponse) =>
      seen.push([res.headersSent, res.writableEnded, res.writableFinished]);
    await held((_req, res) => {
      look(res);
      res.write('a');
      look(res);
      res.end('b');
      look(res);
    });
    expect(seen).toEqual([
      [false, false, false],
      [true, false, false],
      [true, true, false],
    ]);
  });

  it('takes no more headers: each call throws Node’s own error', async () => {
    const thrown: unknown[] = [];
    const respond = (res: ServerResponse) => {
      res.setHeader('X-One', '1');
      res.write('a');
      thrown.push([
        thrownBy(() => res.setHeader('X-One', '2')),
        thrownBy(() => res.setHeaders(new Map([['X-Two', '2']]))),
        thrownBy(() => res.appendHeader('X-One', '2')),
        thrownBy(() => res.removeHeader('X-One')),
        thrownBy(() => res.writeHead(404)),
      ]);
      res.end('b');
    };
    const app = await heldApp((_req, res) => respond(res));
    const response = app.client().fetch('/');
    await app.release();
    expect((await response).headers.get('x-one')).toBe('1');
    await plain(respond);
    expect(thrown[0]).toEqual(thrown[1]);
    expect(thrown[0]).not.toContain(undefined);
  });

  const INVALID: [string, (res: ServerResponse) => unknown][] = [
    ['write(null)', (res) => res.write(null)],
    ['write(undefined)', (res) => res.write(undefined)],
    ['write(123)', (res) => res.write(123)],
    ['write([])', (res) => res.write([])],
    ['end({})', (res) => res.end({})],
    ['end(123)', (res) => res.end(123)],
    ['end(true)', (res) => res.end(true)],
  ];

  it.each(INVALID)('rejects %s at the call, as Node does', async (_what, call) => {
    const thrown: unknown[] = [];
    const respond = (res: ServerResponse) => {
      thrown.push(thrownBy(() => call(res)));
      res.write('a');
      thrown.push(thrownBy(() => call(res)));
      res.end('b');
    };
    const answers = [await held((_req, res) => respond(res)), await plain(respond)];
    expect(answers[0]).toEqual({ status: 200, text: 'ab' });
    expect(answers[0]).toEqual(answers[1]);
    expect(thrown).toHaveLength(4);
    expect(thrown).not.toContain(undefined);
    expect(thrown.slice(0, 2)).toEqual(thrown.slice(2));
  });

  it('takes what Node takes for nothing', async () => {
    const respond = (res: ServerResponse) => {
      res.write('');
      res.write(new Uint8Array([97]));
      res.write('62', 'hex');
      res.end(null);
    };
    expect(await held((_req, res) => respond(res))).toEqual(await plain(respond));
  });

  it('calls back a write or an end after its end with Node’s error, and does nothing', async () => {
    const told = deferred<unknown[]>('the third callback');
    const errors: unknown[] = [];
    const tell = (error?: unknown) => {
      if (errors.push(error) === 3) {
        told.resolve(errors);
      }
    };
    const events: unknown[] = [];
    const answer = await held((_req, res) => {
      res.on('error', (error) => events.push(error));
      res.end('a');
      expect(res.write('b', 'utf8', tell)).toBe(false);
      expect(res.end('c', tell)).toBe(res);
      expect(res.end(tell)).toBe(res);
      res.write('d');
      res.end();
    });
    expect(answer).toEqual({ status: 200, text: 'a' });
    expect(await told.promise).toEqual([
      expect.objectContaining({ code: 'ERR_STREAM_WRITE_AFTER_END', message: 'write after end' }),
      expect.objectContaining({ code: 'ERR_STREAM_WRITE_AFTER_END', message: 'write after end' }),
      expect.objectContaining({ code: 'ERR_STREAM_ALREADY_FINISHED' }),
    ]);
    expect(events).toEqual([]);
  });

  it('has the status it had when it was sent', async () => {
    const app = await heldApp((_req, res) => {
      res.statusCode = 201;
      res.end('made');
      res.statusCode = 500;
      res.statusMessage = 'Changed my mind';
    });
    const response = app.client().fetch('/');
    await app.release();
    const { status, statusText } = await response;
    expect([status, statusText]).toEqual([201, 'Created']);
  });

  it('answers false to a write; one drain follows, and the callbacks, in order', async () => {
    const events: string[] = [];
    const drained = deferred('a drain');
    const app = await heldApp(async (_req, res) => {
      res.on('drain', () => {
        events.push('drain');
        drained.resolve();
      });
      expect(res.write('a', () => events.push('a'))).toBe(false);
      expect(res.write(Buffer.from('b'), () => events.push('b'))).toBe(false);
      res.flushHeaders();
      await drained.promise;
      res.write('c', () => events.push('c'));
      res.end('d', () => events.push('d'));
    });
    const answer = app.client().read('/');
    await app.release();
    expect(await answer).toEqual({ status: 200, text: 'abcd' });
    expect(events.filter((event) => event === 'drain')).toHaveLength(1);
    expect(events.filter((event) => event !== 'drain')).toEqual(['a', 'b', 'c', 'd']);
  });

  it('has no drain after its end', async () => {
    let drains = 0;
    const finished = deferred('the end of the response');
    await held((_req, res) => {
      res.on('drain', () => drains++).on('finish', () => finished.resolve());
      res.write('a');
      res.end('b');
    });
    await finished.promise;
    expect(drains).toBe(0);
  });

  it('reads as what it is once it is out', async () => {
    const seen: unknown[] = [];
    const drained = deferred('a drain');
    const app = await heldApp(async (_req, res) => {
      res.once('drain', () => drained.resolve()).write('a');
      await drained.promise;
      seen.push(res.headersSent, res.writableEnded);
      seen.push(thrownBy(() => res.setHeader('a', '1')));
      res.end();
      seen.push(res.headersSent, res.writableEnded);
    });
    const answer = app.client().read('/');
    await app.release();
    await answer;
    expect(seen).toEqual([
      true,
      false,
      expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' }),
      true,
      true,
    ]);
  });
});
