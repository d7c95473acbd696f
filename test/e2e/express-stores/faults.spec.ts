import { inspect } from 'node:util';
import type { SessionId } from 'nest-sessions';
import { describe, expect, it, vi } from 'vitest';
import { begin, engineOn, loggedIn } from '../../support/engine.js';
import { nestApp } from '../../support/nest-app.js';
import { settled } from '../../support/settled.js';
import { adapterOf } from './adapter.js';
import { type Fault, FaultyStore } from './faulty.store.js';

const NEVER: Fault = () => undefined;
/** How long an operation may take in these tests, in milliseconds; each that is meant to run out of time waits so long. */
const SHORT = 300;

async function faultyApp(operationTimeout: number | string = '5s') {
  const store = new FaultyStore();
  const app = await nestApp({
    options: { store, operationTimeout },
    scripts: {
      login: ({ sessions }) => sessions.login('ada', { data: { user: 'Grace' } }),
      who: ({ sessions }) => `${sessions.principal}`,
      theme: ({ sessions, req }) => sessions.set('theme', `${String(req.query['is'] ?? 'dark')}`),
      fields: ({ sessions }) => ({ ...sessions.fields }),
      logout: ({ sessions }) => sessions.logout(),
      plain: () => 'plain',
    },
  });
  return { ...app, store };
}

describe('P12 a store that misbehaves harms nobody', () => {
  it.each<[string, Fault]>([
    [
      'calls back twice',
      (work, callback) =>
        work((...answer) => {
          callback(...answer);
          callback(...answer);
          callback(new Error('and once more'));
        }),
    ],
    [
      'calls back and returns a promise that is rejected later',
      async (work, callback) => {
        await new Promise<void>((resolve) => {
          work((...answer) => {
            callback(...answer);
            resolve();
          });
        });
        throw new Error('too late');
      },
    ],
    [
      'returns a promise that resolves before it calls back',
      (work, callback) => {
        setImmediate(() => work(callback));
        return Promise.resolve(undefined);
      },
    ],
    ['calls back at once', (work, callback) => work(callback)],
    [
      'answers false for no error',
      (work, callback) => work((error, answer) => callback(error ?? false, answer)),
    ],
  ])('%s', async (_name, fault) => {
    const { client, store, log } = await faultyApp();
    (['get', 'set', 'destroy'] as const).forEach((method) => store.always(method, fault));
    const known = client();
    const statuses = [];
    for (const path of ['/login', '/theme', '/who', '/logout', '/who']) {
      statuses.push((await known.fetch(path)).status);
    }
    expect([statuses, log.errors, Object.keys(store.sessions)]).toEqual([[200, 200, 200, 200, 200], [], []]);
  });

  it.each<[string, Fault]>([
    [
      'throws at once',
      () => {
        throw new Error('broken');
      },
    ],
    ['returns a promise that is rejected', () => Promise.reject(new Error('broken'))],
    ['answers an error', (_work, callback) => callback(new Error('broken'))],
    ['answers an error that is a text', (_work, callback) => callback('broken')],
  ])('P10 one that %s is a 503, and goes on when it is well again', async (_name, fault) => {
    const { client, store } = await faultyApp();
    const known = client();
    await known.fetch('/login');
    for (const method of ['get', 'set'] as const) {
      store.next(method, fault);
      expect((await known.fetch(`/theme?is=${method}`)).status).toBe(503);
      expect((await known.fetch(`/theme?is=${method}`)).status).toBe(200);
    }
    store.next('destroy', fault);
    expect((await known.fetch('/logout')).status).toBe(503);
    expect((await known.read('/who')).text).toBe('ada');
  });

  it.each(['get', 'set', 'destroy'] as const)(
    'P10 one that never answers %s is a 503 in time; the session goes on afterwards',
    async (method) => {
      const { client, store } = await faultyApp(SHORT);
      const known = client();
      await known.fetch('/login');
      store.next(method, NEVER);
      expect((await known.fetch(method === 'destroy' ? '/logout' : '/theme')).status).toBe(503);
      expect((await known.fetch('/plain')).status).toBe(200);
      await vi.waitUntil(async () => (await known.fetch('/theme?is=light')).status === 200, {
        timeout: 10_000,
      });
      expect(JSON.parse((await known.read('/fields')).text)).toEqual({ user: 'Grace', theme: 'light' });
    },
  );

  it('P8 a record that is no session is an anonymous request', async () => {
    const { client, store } = await faultyApp();
    for (const corrupt of ['{not json', '[]', '"text"', '7']) {
      const known = client();
      await known.fetch('/login');
      const [id = ''] = Object.keys(store.sessions);
      Reflect.set(store.sessions, id, corrupt);
      expect(await known.read('/who')).toEqual({ status: 200, text: 'undefined' });
      expect((await known.fetch('/login')).status).toBe(200);
      Object.keys(store.sessions).forEach((one) => Reflect.deleteProperty(store.sessions, one));
    }
  });

  it('an error event that nobody listens to ends nothing', async () => {
    const { client, store } = await faultyApp();
    store.emit('error', new Error('connection lost'));
    store.emit('disconnect');
    expect((await client().fetch('/login')).status).toBe(200);
  });
});

describe('a write that was waited for in vain', () => {
  it('P1 never brings back a session that was ended meanwhile, however late it lands', async () => {
    for (let round = 0; round < 5; round++) {
      const store = new FaultyStore();
      const adapter = adapterOf(store, { operationTimeout: SHORT });
      const patient = engineOn(adapter, { operationTimeout: SHORT });
      const token = await loggedIn(patient);
      const slow = await begin(patient, token);
      const leaving = await begin(patient, token);
      slow.live.set('a', 1);
      const write = store.keep('set');
      await expect(slow.commit()).rejects.toMatchObject({ code: 'session_unavailable' });
      await vi.waitUntil(
        () =>
          leaving.destroy().then(
            () => true,
            () => false,
          ),
        { timeout: 10_000, interval: 5 },
      );
      expect(store.sessions[token.id]).toBeUndefined();

      write.release();
      // It has landed in the store; nobody gets to see it, and then it is gone.
      expect(await adapter.read(token.id)).toBeUndefined();
      await vi.waitUntil(() => store.sessions[token.id] === undefined, { timeout: 10_000, interval: 1 });
      expect(await adapter.read(token.id)).toBeUndefined();
      expect((await begin(engineOn(adapterOf(store)), token)).live.held).toBeUndefined();
    }
  });

  it('P1 is undone again and again until the store can do it', async () => {
    const store = new FaultyStore();
    const adapter = adapterOf(store, { operationTimeout: SHORT });
    const engine = engineOn(adapter, { operationTimeout: SHORT });
    const token = await loggedIn(engine);
    const write = store.keep('set');
    const slow = await begin(engine, token);
    slow.live.set('a', 1);
    await expect(slow.commit()).rejects.toMatchObject({ code: 'session_unavailable' });
    await vi.waitUntil(
      () =>
        adapter.remove(token.id).then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    );
    store.next('destroy', (_work, callback) => callback(new Error('not now')));
    store.next('destroy', NEVER);
    write.release();
    expect(store.sessions[token.id]).toBeDefined();
    expect(await adapter.read(token.id)).toBeUndefined();
    await vi.waitUntil(() => store.sessions[token.id] === undefined, { timeout: 10_000 });
  });

  it('P2 never undoes a newer write that was acknowledged', async () => {
    const store = new FaultyStore();
    const adapter = adapterOf(store, { operationTimeout: SHORT });
    const engine = engineOn(adapter, { operationTimeout: SHORT });
    const token = await loggedIn(engine);
    const write = store.keep('set');
    const slow = await begin(engine, token);
    slow.live.set('a', 'late');
    await expect(slow.commit()).rejects.toMatchObject({ code: 'session_unavailable' });
    await vi.waitUntil(
      async () => {
        const next = await begin(engine, token);
        next.live.set('b', 'newer');
        return next.commit()?.then(
          () => true,
          () => false,
        );
      },
      { timeout: 10_000 },
    );
    const fieldsNow = async () => (await begin(engine, token)).live.pick(['a', 'b']);
    write.release();
    expect(await fieldsNow()).toEqual({ a: 0, b: 'newer' });
    await vi.waitUntil(() => String(store.sessions[token.id]).includes('newer'), { timeout: 10_000 });
    expect(await fieldsNow()).toEqual({ a: 0, b: 'newer' });
  });

  it('whose outcome nobody overtook counts as it landed', async () => {
    const store = new FaultyStore();
    const adapter = adapterOf(store, { operationTimeout: SHORT });
    const engine = engineOn(adapter, { operationTimeout: SHORT });
    const token = await loggedIn(engine);
    const write = store.keep('set');
    const slow = await begin(engine, token);
    slow.live.set('a', 'late');
    await expect(slow.commit()).rejects.toMatchObject({ code: 'session_unavailable' });
    await settled();
    write.release();
    await vi.waitUntil(() => String(store.sessions[token.id]).includes('late'), { timeout: 10_000 });
    expect((await begin(engine, token)).live.get('a')).toBe('late');
  });

  it('does not write after others have been let before it', async () => {
    const store = new FaultyStore();
    const adapter = adapterOf(store, { operationTimeout: SHORT });
    const engine = engineOn(adapter, { operationTimeout: SHORT });
    const token = await loggedIn(engine);
    const record = await adapter.read(token.id);
    const look = store.keep('get');
    const slow = adapter.replace(token.id, { ...record!, version: 1 as never }, record!.version);
    await look.reached;
    await vi.waitUntil(
      () =>
        adapter.remove(token.id).then(
          () => true,
          () => false,
        ),
      { timeout: 10_000 },
    );
    store.calls.length = 0;
    look.release();
    await expect(slow).rejects.toMatchObject({ code: 'session_unavailable' });
    expect([store.calls, store.sessions[token.id]]).toEqual([[], undefined]);
  });
});

describe('calls that wait behind one that is never answered', () => {
  it('P12 fail with it, instead of asking the store one after the other what nobody waits for any more', async () => {
    const store = new FaultyStore();
    const adapter = adapterOf(store, { operationTimeout: SHORT });
    const record = (await loggedIn(engineOn(adapter))).record;
    const id = (Object.keys(store.sessions)[0] ?? '') as SessionId;
    store.calls.length = 0;
    store.always('get', NEVER);
    void adapter.replace(id, record, record.version);
    const waiting = Array.from({ length: 10 }, () => adapter.replace(id, record, record.version));
    waiting.forEach((one) => void one.catch(() => undefined));
    await expect(waiting.at(-1)).rejects.toMatchObject({ code: 'session_unavailable' });
    // The first in the line, and whoever came to its turn at that very moment.
    expect(store.calls.length).toBeLessThanOrEqual(3);
  });
});

describe('clear()', () => {
  it('P1 ends what was being written when it was called', async () => {
    const store = new FaultyStore();
    const adapter = adapterOf(store);
    const engine = engineOn(adapter);
    const token = await loggedIn(engine);
    const write = store.keep('set');
    const slow = await begin(engine, token);
    slow.live.set('a', 1);
    const committed = slow.commit();
    await write.reached;
    const cleared = adapter.extras['clear']?.();
    await settled();
    expect(store.sessions[token.id]).toBeDefined();
    write.release();
    await Promise.all([committed, cleared]);
    expect(Object.keys(store.sessions)).toEqual([]);
  });

  it('and the like are answered in time by a store that never does', async () => {
    const store = new FaultyStore();
    store.all = () => undefined;
    await expect(adapterOf(store, { operationTimeout: SHORT }).extras['all']?.()).rejects.toMatchObject({
      code: 'session_unavailable',
    });
  });
});

describe('P7 the id, which is the token here,', () => {
  it('and what is in the session are in no error and no line of the log, whatever the store says of them', async () => {
    const { client, store, log } = await faultyApp();
    const known = client();
    await known.fetch('/login');
    const [id = ''] = Object.keys(store.sessions);
    const telling =
      (name: string, contents?: unknown): Fault =>
      (_work, callback) => {
        const error = new Error(
          contents === undefined
            ? `Error finding ${id}: connection refused`
            : `Error setting ${id} to ${inspect(contents)}: connection refused`,
        );
        callback(
          Object.assign(error, {
            name: `${name} ${id}`,
            sql: `INSERT '${id}' '{"user":"Grace"}'`,
            path: `/${id}`,
          }),
        );
      };
    const held: unknown = JSON.parse(String(store.sessions[id]));
    const bodies = [];
    for (const fault of [telling('FindError'), telling('SetError', held)]) {
      for (const method of ['get', 'set'] as const) {
        store.next(method, fault);
        bodies.push((await known.read('/theme')).text);
      }
      log.errors.push({ message: 'direct', error: await adapterOf(store).read('x' as SessionId) });
      store.next('get', fault);
      log.errors.push({
        message: 'direct',
        error: await adapterOf(store)
          .read(id as SessionId)
          .catch((error: unknown) => error),
      });
    }
    const everything = inspect([log.errors, log.warnings, bodies], { depth: 20, maxStringLength: null });
    expect(everything).toContain('connection refused');
    expect(everything).not.toContain(id);
    expect(everything).not.toContain('Grace');
  });
});
