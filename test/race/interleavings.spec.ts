import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LmdbSessionStore } from 'nest-sessions/lmdb';
import { MemorySessionStore } from 'nest-sessions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ActiveSession } from '../../src/core/active-session.js';
import { systemClock } from '../../src/core/clock.js';
import { SessionEngine, type SessionEvent } from '../../src/core/session-engine.js';
import type { SessionStore } from '../../src/core/session-store.js';
import { StoreBackend } from '../../src/core/store-backend.js';
import { StoreGateway } from '../../src/core/store-gateway.js';
import { type SessionIdentity, systemRandom } from '../../src/core/token.js';

const ROUNDS = 200;

/** An engine of its own on a store, as another process would have one: nothing but the store is shared. */
function engineOn(store: SessionStore, events: SessionEvent[] = []): SessionEngine {
  const lifetime = { idle: 60_000, absolute: 600_000, touchAfter: 6_000 };
  const gateway = new StoreGateway(store, { operationTimeout: 20_000, maxPending: 10_000 });
  const shared = { lifetime, clock: systemClock };
  return new SessionEngine({
    ...shared,
    backend: new StoreBackend({
      ...shared,
      gateway,
      random: systemRandom,
      maxBytes: 1e6,
      operationTimeout: 20_000,
    }),
    isLazy: false,
    saveUninitialized: false,
    onEvent: (event) => events.push(event),
    onError: () => undefined,
  });
}

async function begin(engine: SessionEngine, token?: SessionIdentity): Promise<ActiveSession> {
  const session = new ActiveSession(engine, token);
  await session.load();
  return session;
}

/** Logs somebody in and answers the token that the client would hold. */
async function loggedIn(engine: SessionEngine): Promise<SessionIdentity> {
  const session = await begin(engine);
  await session.login('ada', { data: { a: 0, b: 0, count: 0 } });
  const { held } = session.live;
  if (held === undefined) {
    throw new Error('the login left nothing');
  }
  return held;
}

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
      const [here, there] = [engineOn(store, events), engineOn(store, events)];
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
    slow.touch();
    await (await begin(engine, token)).destroy();
    const due = slow.touchDue;
    expect(due).toBeDefined();
    if (due !== undefined) {
      await slow.writeActivity(due);
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
