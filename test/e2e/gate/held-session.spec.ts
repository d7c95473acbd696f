import { SessionClosedError } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { deferred } from '../../support/deferred.js';
import { Exchange } from '../../support/exchange.js';
import { nodeApp, type SessionObject } from '../../support/session-app.js';

describe('operations that nobody awaits', () => {
  it('P3 waits for a bare destroy()', async () => {
    const app = await nodeApp({
      '/logout'(req, res) {
        void req.session.destroy();
        res.end('bye');
      },
    });
    const client = await app.knownClient();
    const hold = app.store.holdNext('remove');
    const exchange = new Exchange(app.port, '/logout', { headers: { cookie: client.cookie } });
    await hold.reached;
    await app.client().read('/begin');
    expect(exchange.bytes).toBe(0);
    hold.release();
    const { text, headers } = await exchange.answer;
    expect(text).toBe('bye');
    expect(headers['set-cookie']).toEqual([expect.stringMatching(/^sid=;.*expires=thu, 01 jan 1970/i)]);
  });

  it('P4 answers 503 when a bare destroy() fails', async () => {
    const app = await nodeApp({
      '/logout'(req, res) {
        void req.session.destroy();
        res.end('bye');
      },
    });
    const client = await app.knownClient();
    app.store.fail('remove');
    expect(await client.read('/logout')).toEqual({ status: 503, text: 'Service Unavailable' });
    expect(app.store.stored).toEqual([{ user: 'ada' }]);
    expect(client.cookie).not.toBe('');
  });

  it('P3 waits for a bare regenerate()', async () => {
    const app = await nodeApp({
      '/'(req, res) {
        void req.session.regenerate();
        res.end('new');
      },
    });
    const { cookie } = await app.knownClient();
    const hold = app.store.holdNext('remove');
    const exchange = new Exchange(app.port, '/', { headers: { cookie } });
    await hold.reached;
    await app.client().read('/begin');
    expect(exchange.bytes).toBe(0);
    hold.release();
    expect((await exchange.answer).text).toBe('new');
    expect(app.store.stored).toHaveLength(1);
  });

  it('P4 answers 503 when a bare regenerate() fails, and the session is as it was', async () => {
    const app = await nodeApp({
      '/'(req, res) {
        void req.session.regenerate();
        res.end('done');
      },
    });
    const client = await app.knownClient();
    const before = client.cookie;
    app.store.fail('remove');
    expect((await client.read('/')).status).toBe(503);
    expect(client.cookie).toBe(before);
    expect(app.store.stored).toEqual([{ user: 'ada' }]);
  });

  it('P4 answers 503 when one that is awaited fails after the response was sent', async () => {
    const caught = deferred<unknown>('the error');
    const app = await nodeApp({
      async '/logout'(req, res) {
        const done = req.session.destroy().catch((error: unknown) => caught.resolve(error));
        res.end('bye');
        await done;
      },
    });
    const client = await app.knownClient();
    app.store.fail('remove');
    expect((await client.read('/logout')).status).toBe(503);
    expect(await caught.promise).toMatchObject({ code: 'session_unavailable' });
  });

  it('leaves a failure that the handler has caught to the handler', async () => {
    const app = await nodeApp({
      async '/logout'(req, res) {
        const why = await req.session.destroy().then(
          () => 'bye',
          () => 'not today',
        );
        res.end(why);
      },
    });
    const client = await app.knownClient();
    app.store.fail('remove');
    expect(await client.read('/logout')).toEqual({ status: 200, text: 'not today' });
  });

  it('runs them one after another, in the order they were started', async () => {
    const app = await nodeApp({
      '/'(req, res) {
        req.session['count'] = 1;
        void req.session.save();
        void req.session.regenerate();
        res.end('done');
      },
    });
    const client = await app.knownClient();
    app.store.calls.length = 0;
    const hold = app.store.holdNext('replace');
    const answer = client.read('/');
    await hold.reached;
    expect(app.store.calls).toEqual(['read', 'replace']);
    hold.release();
    expect((await answer).status).toBe(200);
    expect(app.store.calls).toEqual(['read', 'replace', 'remove']);
  });

  it('P3 waits for one that was started while the response was held already', async () => {
    const app = await nodeApp({
      async '/'(req, res) {
        req.session['step'] = 1;
        res.write('a');
        await held.reached;
        void req.session.destroy();
        res.end('b');
        held.release();
      },
    });
    const client = await app.knownClient();
    const held = app.store.holdNext('replace');
    const gone = app.store.holdNext('remove');
    const exchange = new Exchange(app.port, '/', { headers: { cookie: client.cookie } });
    await gone.reached;
    await app.client().read('/begin');
    expect(exchange.bytes).toBe(0);
    gone.release();
    const { text, headers } = await exchange.answer;
    expect(text).toBe('ab');
    expect(headers['set-cookie']).toEqual([expect.stringMatching(/^sid=;/)]);
  });
});

describe('a session whose response is held or out', () => {
  it('P3 keeps what was changed between the first write and the end', async () => {
    const app = await nodeApp({
      async '/'(req, res) {
        req.session['early'] = 1;
        res.write('a');
        await held.reached;
        req.session['late'] = 1;
        res.end('b');
        held.release();
      },
    });
    const client = await app.knownClient();
    const held = app.store.holdNext('replace');
    expect(await client.read('/')).toEqual({ status: 200, text: 'ab' });
    expect(app.store.stored).toEqual([{ user: 'ada', early: 1, late: 1 }]);
    expect(app.store.count('replace')).toBe(2);
  });

  it('takes no more writes after the end: they throw SessionClosedError', async () => {
    const thrown: unknown[] = [];
    const done = deferred('all attempts');
    const attempt = async (session: SessionObject) => {
      for (const write of [
        () => (session['user'] = 'eve'),
        () => delete session['user'],
        () => session.save(),
        () => session.regenerate(),
      ]) {
        try {
          await write();
          thrown.push('nothing');
        } catch (error) {
          thrown.push(error);
        }
      }
    };
    const app = await nodeApp({
      async '/'(req, res) {
        req.session['n'] = 1;
        res.end('a');
        await hold.reached;
        await attempt(req.session);
        hold.release();
        res.on('finish', () => void attempt(req.session).then(() => done.resolve()));
      },
    });
    const client = await app.knownClient();
    const hold = app.store.holdNext('replace');
    expect(await client.read('/')).toEqual({ status: 200, text: 'a' });
    await done.promise;
    expect(thrown).toHaveLength(8);
    for (const error of thrown) {
      expect(error).toBeInstanceOf(SessionClosedError);
    }
    expect(app.store.stored).toEqual([{ user: 'ada', n: 1 }]);
  });

  it('P1 can still be destroyed after the end: what should be dead must not live on', async () => {
    const app = await nodeApp({
      '/': (req, res) => {
        res.end('bye');
        res.on('finish', () => void req.session.destroy().then(() => done.resolve()));
      },
    });
    const done = deferred('the logout');
    const client = await app.knownClient();
    expect(await client.read('/')).toEqual({ status: 200, text: 'bye' });
    await done.promise;
    expect(app.store.stored).toEqual([]);
  });

  it('takes an operation that comes too late for no failure of the response', async () => {
    const app = await nodeApp({
      '/'(req, res) {
        void req.session.save();
        res.end('a');
        void req.session.save();
      },
    });
    const client = await app.knownClient();
    expect(await client.read('/')).toEqual({ status: 200, text: 'a' });
    await app.log.says(/written to after the response had ended/);
  });

  it('has one that comes too late in the log, although somebody waits for it', async () => {
    const app = await nodeApp({
      async '/'(req, res) {
        res.end('a');
        await req.session.regenerate().catch(() => undefined);
      },
    });
    const client = await app.knownClient();
    expect(await client.read('/')).toEqual({ status: 200, text: 'a' });
    await app.log.says(/written to after the response had ended/);
  });

  it('P10 is not stored twice in vain: after an operation that timed out the commit fails at once', async () => {
    const app = await nodeApp(
      {
        async '/'(req, res) {
          req.session['n'] = 1;
          await req.session.save().catch(() => undefined);
          res.end('fine');
        },
      },
      { operationTimeout: 100 },
    );
    const client = await app.knownClient();
    app.store.hang('replace');
    expect((await client.read('/')).status).toBe(503);
    expect(app.store.count('replace')).toBe(1);
  });

  it('can still be read after the end', async () => {
    const seen = deferred<unknown>('a look');
    const app = await nodeApp({
      '/'(req, res) {
        req.session['n'] = 1;
        res.on('finish', () => seen.resolve({ ...req.session }));
        res.end();
      },
    });
    await app.client().read('/');
    expect(await seen.promise).toMatchObject({ n: 1 });
  });

  it('P12 lets a response out whose session never comes to rest', async () => {
    const app = await nodeApp({
      '/end'(req, res) {
        req.session['restless'] = { toJSON: () => Math.random() };
        res.end('out');
      },
      '/stream'(req, res) {
        req.session['restless'] = { toJSON: () => Math.random() };
        res.write('out');
        res.once('drain', () => res.end());
      },
    });
    expect(await app.client().read('/end')).toEqual({ status: 200, text: 'out' });
    expect(app.store.writes).toBe(1);
    expect(await app.client().read('/stream')).toEqual({ status: 200, text: 'out' });
  });
});
