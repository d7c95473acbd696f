import { describe, expect, it } from 'vitest';
import { begin, engineOn, loggedIn } from '../../support/engine.js';
import { adapterOf } from './adapter.js';
import { FaultyStore } from './faulty.store.js';

/** A session of express-session as its MemoryStore has it. */
function theirs(cookie: Record<string, unknown>): string {
  return JSON.stringify({ cookie: { path: '/', httpOnly: true, expires: null, ...cookie }, user: 'Grace' });
}

describe('P6 a session that lasts no whole number of milliseconds', () => {
  it('is taken over with one write, and can be changed', async () => {
    const store = new FaultyStore();
    const adapter = adapterOf(store);
    Reflect.set(store.sessions, 'an-id', theirs({ originalMaxAge: 100_000 / 3 }));
    const id = 'an-id' as never;
    const record = await adapter.read(id);
    const again = await adapter.read(id);
    expect(again?.version).toBe(record?.version);
    expect(store.calls.filter((method) => method === 'set')).toHaveLength(1);
    const changed = { ...record!, version: 1 as never, fields: '{"user":"Ada"}', lengths: [] };
    expect(await adapter.replace(id, changed, record!.version)).toEqual({ done: true });
    expect((await adapter.read(id))?.version).toBe(1);
  });
});

describe('P12 a store that answers other than what it was given', () => {
  it('is an error that names it, instead of writes until the time is up', async () => {
    const store = new FaultyStore();
    const adapter = adapterOf(store);
    const engine = engineOn(adapter);
    const token = await loggedIn(engine);
    let stamp = 0;
    store.always('get', (work, callback) =>
      work((error, answer) => callback(error, answer && Object.assign(answer, { stamp: ++stamp }))),
    );
    const session = await begin(engine, token);
    session.live.set('a', 1);
    store.calls.length = 0;
    await expect(session.commit()).rejects.toMatchObject({
      code: 'session_unavailable',
      isTimeout: false,
      message: expect.stringMatching(/FaultyStore.*as it was given/),
    });
    expect(store.calls.length).toBeLessThan(10);
  });

  it('is none where it was express-session that changed the session meanwhile', async () => {
    const store = new FaultyStore();
    const adapter = adapterOf(store);
    const engine = engineOn(adapter);
    const token = await loggedIn(engine);
    const session = await begin(engine, token);
    const stored = JSON.parse(store.sessions[token.id] ?? '') as object;
    Reflect.set(store.sessions, token.id, JSON.stringify({ ...stored, b: 'theirs' }));
    session.live.set('a', 'ours');
    await session.commit();
    expect((await begin(engine, token)).live.pick(['a', 'b'])).toEqual({ a: 'ours', b: 'theirs' });
  });
});
