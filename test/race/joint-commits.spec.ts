import { AsyncLocalStorage } from 'node:async_hooks';
import type { SessionEvent } from 'nest-sessions';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ActiveSession } from '../../src/core/active-session.js';
import { ControlledStore, type HeldCall } from '../support/controlled.store.js';
import { begin, engineOn, loggedIn } from '../support/engine.js';
import { settled } from '../support/settled.js';

/** Commits of one session that all wait while the first one's write is held back. */
describe('commits that wait for the same session', () => {
  let store: ControlledStore;
  let events: SessionEvent[];
  let first: HeldCall;
  let blocked: Promise<unknown>;
  let sessions: ActiveSession[];
  beforeEach(async () => {
    store = new ControlledStore();
    events = [];
    const engine = engineOn(store, { events });
    const token = await loggedIn(engine, { count: 0, list: [] });
    sessions = await Promise.all(Array.from({ length: 250 }, () => begin(engine, token)));
    first = store.holdNext('replace');
    blocked = increment(sessions[0]!).catch((error: unknown) => error);
    await first.reached;
    store.calls.length = 0;
  });

  const increment = (session: ActiveSession) =>
    session.update((draft) => (draft.count = Number(draft.count) + 1));

  /** The fields as another process reads them. */
  async function stored(): Promise<Record<string, unknown>> {
    const { live } = await begin(engineOn(store), sessions[0]!.live.identity);
    return Object.fromEntries(live.names().map((name) => [name, live.get(name)]));
  }

  it('P2 go together, each on top of the one before, a hundred in one write', async () => {
    const waiting = sessions.slice(1).map(increment);
    await settled();
    first.release();
    await blocked;
    const results = await Promise.all(waiting);
    expect(results).toEqual(Array.from({ length: 249 }, (_unused, n) => n + 2));
    expect(store.calls).toEqual(['replace', 'replace', 'replace']);
    expect(await stored()).toMatchObject({ count: 250 });
    // Each sees the session as its own change left it.
    expect(sessions.slice(1).map(({ live }) => live.get('count'))).toEqual(results);
  });

  it('P2 keep what each has changed, and the later one wins where two changed the same', async () => {
    const waiting = sessions.slice(1, 21).map((session, n) => {
      session.live.set(`field${n}`, n);
      session.live.set('same', n);
      return session.commit();
    });
    await settled();
    first.release();
    await Promise.all(waiting);
    expect(store.calls).toEqual(['replace']);
    const fields = Object.fromEntries(Array.from({ length: 20 }, (_unused, n) => [`field${n}`, n]));
    expect(await stored()).toEqual({ count: 1, list: [], same: 19, ...fields });
    // Who goes on writing starts from what is there now, and undoes nothing.
    sessions[1]!.live.set('more', true);
    await sessions[1]!.commit();
    expect(await stored()).toEqual({ count: 1, list: [], same: 19, more: true, ...fields });
  });

  it('P2 start again together when another process was faster', async () => {
    const waiting = sessions.slice(1, 51).map(increment);
    await settled();
    const second = store.holdNext('replace');
    first.release();
    await second.reached;
    const elsewhere = await begin(engineOn(store.inner), sessions[0]!.live.identity);
    await increment(elsewhere);
    second.release();
    expect(await Promise.all(waiting)).toEqual(Array.from({ length: 50 }, (_unused, n) => n + 3));
    expect(await stored()).toMatchObject({ count: 52 });
  });

  it('run each function as part of the request that it belongs to', async () => {
    const request = new AsyncLocalStorage<number>();
    const seen: (number | undefined)[] = [];
    const waiting = sessions.slice(1, 11).map((session, n) =>
      request.run(n, () =>
        session.update((draft) => {
          draft[`field${n}`] = n;
          seen.push(request.getStore());
        }),
      ),
    );
    await settled();
    first.release();
    await Promise.all(waiting);
    expect(store.calls).toEqual(['replace']);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('P12 fail alone when a function throws or a change is too large', async () => {
    const [throwing, large, plain, late] = sessions.slice(1) as [
      ActiveSession,
      ActiveSession,
      ActiveSession,
      ActiveSession,
    ];
    const mistake = new Error('a mistake of the application');
    const waiting = [
      throwing.update(() => {
        throw mistake;
      }),
      large.update((draft) => void (draft.list = 'x'.repeat(2_000_000))),
      increment(plain),
      increment(late),
    ];
    await settled();
    first.release();
    expect(await Promise.allSettled(waiting)).toMatchObject([
      { status: 'rejected', reason: mistake },
      { status: 'rejected', reason: { code: 'session_too_large' } },
      { status: 'fulfilled', value: 2 },
      { status: 'fulfilled', value: 3 },
    ]);
    expect(await stored()).toEqual({ count: 3, list: [] });
  });

  it('P4 fail together when the store fails, and nobody behind them has to wait for it again', async () => {
    const waiting = sessions.slice(1).map(increment);
    await settled();
    store.fail('replace');
    first.release();
    const results = await Promise.allSettled(waiting);
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(store.calls).toEqual(['replace']);
    store.heal();
    expect(await increment(sessions[1]!)).toBe(2);
  });

  it('P1 are all dropped when the session has ended meanwhile', async () => {
    const updates = sessions.slice(1, 4).map(increment);
    const commits = sessions.slice(4, 7).map((session) => {
      session.live.set('late', true);
      return session.commit();
    });
    await settled();
    await store.inner.remove(sessions[0]!.live.identity.id);
    first.release();
    const gone = { status: 'rejected', reason: { code: 'session_gone' } };
    expect(await Promise.allSettled(updates)).toMatchObject([gone, gone, gone]);
    await Promise.all(commits);
    await blocked;
    expect(await store.inner.read(sessions[0]!.live.identity.id)).toBeUndefined();
    expect(events.filter(({ type }) => type === 'lost-write')).toHaveLength(7);
  });
});
