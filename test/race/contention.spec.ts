import {
  MemorySessionStore,
  type Replaced,
  type SessionId,
  type SessionRecord,
  type Version,
} from 'nest-sessions';
import { expect, it } from 'vitest';
import { begin, engineOn, loggedIn } from '../support/engine.js';

/** What a rival, in another process, needs between two of its writes, in milliseconds. */
const PACE = 1;

/** Lets a rival be quicker: the first times in any case, later whenever the one who lost has waited before it came back. */
class RivalledStore extends MemorySessionStore {
  attempts = 0;
  writes = 0;
  #foundAt = 0;

  constructor(private readonly losses: number) {
    super();
  }

  override async replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
    this.attempts += 1;
    if (this.attempts <= this.losses || performance.now() - this.#foundAt > PACE) {
      await this.#overtake(id);
    }
    const answer = await super.replace(id, record, expected);
    this.#foundAt = performance.now();
    return answer;
  }

  async #overtake(id: SessionId): Promise<void> {
    const current = await this.read(id);
    if (current !== undefined) {
      this.writes += 1;
      await super.replace(id, { ...current, version: (current.version + 1) as Version }, current.version);
    }
  }
}

it('P2 who has lost several times comes back at once: a pause would lose again to whoever writes all the time', async () => {
  const store = new RivalledStore(6);
  const engine = engineOn(store, { operationTimeout: 3_000 });
  const session = await begin(engine, await loggedIn(engine));
  store.attempts = 0;
  await session.update((draft) => {
    draft.count = 1;
  });
  expect((await begin(engine, session.live.identity)).live.get('count')).toBe(1);
  expect(store.writes).toBeGreaterThanOrEqual(6);
});

it('P2 a store that says no for ever is given up after operationTimeout, and other work is done meanwhile', async () => {
  const store = new RivalledStore(Infinity);
  const engine = engineOn(store, { operationTimeout: 200 });
  const session = await begin(engine, await loggedIn(engine));
  let turns = 0;
  const busy = setInterval(() => (turns += 1), 1);
  try {
    const update = session.update((draft) => {
      draft.count = 1;
    });
    await expect(update).rejects.toMatchObject({ code: 'session_contention' });
    expect(turns).toBeGreaterThan(0);
  } finally {
    clearInterval(busy);
  }
});
