import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { SessionClosedError } from 'nest-sessions';
import { fakeClock } from 'nest-sessions/testing';
import { describe, expect, it } from 'vitest';
import { deferred } from '../../support/deferred.js';
import { Exchange } from '../../support/exchange.js';
import { nodeApp, type NodeHandler, type SessionApp } from '../../support/session-app.js';
import { sourceOf } from '../../support/ways-to-respond.js';

/** Serves `/` and asks for it as a client whose session has `user: 'ada'`. */
async function asked(handler: NodeHandler): Promise<SessionApp & { exchange: Exchange }> {
  const app = await nodeApp({ '/': handler });
  const { cookie } = await app.knownClient();
  return { ...app, exchange: new Exchange(app.port, '/', { headers: { cookie } }) };
}

describe('a client that hangs up after the first byte', () => {
  it('P3 leaves what was changed for it stored, though the handler never ends', async () => {
    const closed = deferred('the close');
    const app = await asked((req, res) => {
      res.write('a');
      req.session['n'] = 1;
      res.on('close', () => closed.resolve());
    });
    await app.exchange.receives('a');
    const hold = app.store.holdNext('replace');
    app.exchange.hangUp();
    await hold.reached;
    await closed.promise;
    hold.release();
    await app.client().read('/begin');
    expect(app.store.stored[0]).toEqual({ user: 'ada', n: 1 });
    expect(app.log.errors).toEqual([]);
  });

  it('lets nothing follow: later writes to the session throw, a late end does nothing', async () => {
    const thrown = deferred<unknown>('an attempt');
    const app = await asked(async (req, res) => {
      res.write('a');
      await once(res, 'close');
      await new Promise((resolve) => void setImmediate(resolve));
      try {
        req.session['n'] = 1;
        thrown.resolve('nothing');
      } catch (error) {
        thrown.resolve(error);
      }
      res.write('b');
      res.end('c');
    });
    await app.exchange.receives('a');
    app.exchange.hangUp();
    expect(await thrown.promise).toBeInstanceOf(SessionClosedError);
    await app.client().read('/begin');
    expect(app.store.stored[0]).toEqual({ user: 'ada' });
  });

  it('is no error for anybody when that cannot be stored, but a line in the log', async () => {
    const app = await asked((req, res) => {
      res.write('a');
      req.session['n'] = 1;
    });
    await app.exchange.receives('a');
    app.store.fail('replace');
    app.exchange.hangUp();
    await app.log.says(/The session of a client that hung up could not be stored/);
    expect(app.store.stored).toEqual([{ user: 'ada' }]);
  });

  it('P3 leaves it stored as well in the middle of a pipeline', async () => {
    const failed = deferred('the end of the pipeline');
    const goOn = deferred('a sign');
    const app = await asked(async (req, res) => {
      const piping = pipeline(sourceOf(512 * 1024 * 1024, 65_536), res);
      await goOn.promise;
      req.session['n'] = 1;
      app.exchange.hangUp();
      await piping.catch(() => failed.resolve());
    });
    await app.exchange.receives('x');
    const hold = app.store.holdNext('replace');
    goOn.resolve();
    await failed.promise;
    await hold.reached;
    hold.release();
    await app.client().read('/begin');
    expect(app.store.stored[0]).toEqual({ user: 'ada', n: 1 });
  });

  it('has its activity written down as well', async () => {
    const clock = fakeClock(Date.now());
    const app = await nodeApp({ '/': (_req, res) => void res.write('a') }, { clock });
    const { cookie } = await app.knownClient();
    clock.advance(10 * 60_000);
    const exchange = new Exchange(app.port, '/', { headers: { cookie } });
    await exchange.receives('a');
    const touch = app.store.holdNext('touch');
    exchange.hangUp();
    await touch.reached;
    touch.release();
    expect(app.store.count('touch')).toBe(1);
  });

  it('P3 and so does a handler that destroys its response', async () => {
    const app = await asked((req, res) => {
      res.write('a');
      req.session['n'] = 1;
      res.destroy();
    });
    const hold = app.store.holdNext('replace');
    await hold.reached;
    hold.release();
    expect((await app.exchange.answer).isComplete).toBe(false);
    await app.client().read('/begin');
    expect(app.store.stored[0]).toEqual({ user: 'ada', n: 1 });
  });
});

describe('a client that hangs up before the first byte', () => {
  it.each<[string, NodeHandler]>([
    ['end', (_req, res) => res.end('a')],
    ['writeHead and end', (_req, res) => res.writeHead(200).end('a')],
    ['write alone', (_req, res) => res.write('a')],
    ['flushHeaders alone', (_req, res) => res.flushHeaders()],
  ])('P3 has its changes stored when the handler goes on to %s', async (_call, respond) => {
    const begun = deferred('the handler');
    const app = await asked(async (req, res) => {
      req.session['n'] = 1;
      begun.resolve();
      await once(res, 'close');
      void respond(req, res);
    });
    const hold = app.store.holdNext('replace');
    await begun.promise;
    app.exchange.hangUp();
    await hold.reached;
    hold.release();
    await app.client().read('/begin');
    expect(app.store.stored[0]).toEqual({ user: 'ada', n: 1 });
    expect(app.log.errors).toEqual([]);
  });

  it('has what was not saved dropped when the handler never answers', async () => {
    const closed = deferred('the close');
    const app = await asked(async (req, res) => {
      req.session['saved'] = 1;
      await req.session.save();
      req.session['unsaved'] = 1;
      app.exchange.hangUp();
      await once(res, 'close');
      closed.resolve();
    });
    await closed.promise;
    await app.client().read('/begin');
    expect(app.store.stored[0]).toEqual({ user: 'ada', saved: 1 });
    // Nor does anything wait for it.
    const before = Date.now();
    await app.session.close();
    expect(Date.now() - before).toBeLessThan(1_000);
  });

  it('P3 gets what the handler changes after its first write stored too', async () => {
    const thrown = deferred<unknown>('an attempt');
    const begun = deferred('the handler');
    const app = await asked(async (req, res) => {
      begun.resolve();
      await once(res, 'close');
      req.session['early'] = 1;
      res.write('a');
      req.session['late'] = 1;
      await early.reached;
      early.release();
      await late.reached;
      late.release();
      await new Promise((resolve) => void setImmediate(resolve));
      try {
        req.session['after'] = 1;
        thrown.resolve('nothing');
      } catch (error) {
        thrown.resolve(error);
      }
    });
    const early = app.store.holdNext('replace');
    const late = app.store.holdNext('replace');
    await begun.promise;
    app.exchange.hangUp();
    expect(await thrown.promise).toBeInstanceOf(SessionClosedError);
    await app.client().read('/begin');
    expect(app.store.stored[0]).toEqual({ user: 'ada', early: 1, late: 1 });
  });
});

describe('a client that hangs up while its response is held', () => {
  it('P3 has everything stored; shutdown has nothing to wait for', async () => {
    const closed = deferred('the close');
    const app = await asked(async (req, res) => {
      req.session['n'] = 1;
      res.on('close', () => closed.resolve());
      res.write('a');
      await hold.reached;
      req.session['late'] = 1;
      app.exchange.hangUp();
      await closed.promise;
      hold.release();
    });
    const hold = app.store.holdNext('replace');
    await closed.promise;
    await app.client().read('/begin');
    await app.client().read('/begin');
    expect(app.store.stored[0]).toEqual({ user: 'ada', n: 1, late: 1 });
    const before = Date.now();
    await app.session.close();
    expect(Date.now() - before).toBeLessThan(1_000);
  });

  it('P4 has a failure answered to nobody, without harm', async () => {
    let answers = 0;
    const closed = deferred('the close');
    const app = await nodeApp(
      {
        '/'(req, res) {
          req.session['n'] = 1;
          res.on('close', () => closed.resolve());
          res.end('a');
        },
      },
      {
        onCommitError(_error, _req, res) {
          answers++;
          res.writeHead(503, { 'Content-Type': 'text/plain' });
          res.end('sorry');
        },
      },
    );
    const hold = app.store.holdNext('create');
    const exchange = new Exchange(app.port, '/');
    await hold.reached;
    exchange.hangUp();
    await closed.promise;
    hold.fail();
    await app.client().read('/begin');
    expect(answers).toBe(1);
    expect(app.log.errors.map(({ message }) => message)).not.toContainEqual(
      expect.stringMatching(/error response/),
    );
  });
});
