import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmdbSessionStore } from 'nest-sessions/lmdb';
import { MemorySessionStore, type SessionEvent, type SessionStore } from 'nest-sessions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { begin, engineOn, loggedIn } from '../support/engine.js';

const ROUNDS = 200;

const stores: [string, (folder: string) => SessionStore][] = [
  ['memory', () => new MemorySessionStore()],
  ['lmdb', (folder) => new LmdbSessionStore({ path: folder })],
];

describe.each(stores)('forced interleavings on %s', (_name, make) => {
  let folder: string;
  let store: SessionStore;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nest-sessions-race-'));
    store = make(folder);
  });
  afterAll(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  it.each(['destroy', 'regenerate', 'login'] as const)(
    'P1 a request that was running before %s never brings the session back, from the same process or another',
    async (how) => {
      const events: SessionEvent[] = [];
      const [here, there] = [engineOn(store, { events }), engineOn(store, { events })];
      for (let round = 0; round < ROUNDS; round++) {
        const token = await loggedIn(here);
        const slow = await begin(round % 2 === 0 ? here : there, token);
        const leaving = await begin(here, token);
        slow.live.set('a', round + 1);
        await (how === 'login' ? leaving.login('eve') : leaving[how]());
        await slow.commit();
        expect(slow.reply().kind).toBe('keep');
        expect((await begin(there, token)).live.held).toBeUndefined();
      }
      expect(events.filter(({ type }) => type === 'lost-write')).toHaveLength(ROUNDS);
    },
  );

  it('P1 neither does a touch that comes late', async () => {
    const engine = engineOn(store);
    const token = await loggedIn(engine);
    const slow = await begin(engine, token);
    slow.activity.touch();
    await (await begin(engine, token)).destroy();
    const due = slow.activity.touchDue;
    expect(due).toBeDefined();
    if (due !== undefined) {
      await slow.activity.write(due);
    }
    expect((await begin(engine, token)).live.held).toBeUndefined();
  });

  it('P2 parallel requests that change different fields keep both changes', async () => {
    const [here, there] = [engineOn(store), engineOn(store)];
    const token = await loggedIn(here);
    for (let round = 1; round <= ROUNDS; round++) {
      const [one, two] = await Promise.all([begin(here, token), begin(there, token)]);
      one.live.set('a', round);
      two.live.set('b', round);
      two.live.delete('gone');
      await Promise.all([one.commit(), two.commit()]);
      const after = await begin(here, token);
      expect([after.live.get('a'), after.live.get('b')]).toEqual([round, round]);
    }
  });

  it('P2 update() as a counter, 2 000 times in parallel from two processes, ends at 2 000', async () => {
    const engines = [engineOn(store), engineOn(store)] as const;
    const token = await loggedIn(engines[0]);
    const hits = Array.from({ length: 2_000 }, async (_unused, n) => {
      const session = await begin(n % 2 === 0 ? engines[0] : engines[1], token);
      await session.update((draft) => {
        draft.count = Number(draft.count) + 1;
      });
    });
    await Promise.all(hits);
    expect((await begin(engines[0], token)).live.get('count')).toBe(2_000);
  });

  it('P2 the same field changed twice: the later commit wins', async () => {
    const engine = engineOn(store);
    const token = await loggedIn(engine);
    const [one, two] = await Promise.all([begin(engine, token), begin(engine, token)]);
    one.live.set('a', 'first');
    two.live.set('a', 'second');
    await one.commit();
    await two.commit();
    expect((await begin(engine, token)).live.get('a')).toBe('second');
  });
});
