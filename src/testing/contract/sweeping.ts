import assert from 'node:assert/strict';
import type { SessionId, SessionRecord } from '../../core/record.js';
import { isSweeping, type SessionStore, type SweepingStore } from '../../core/session-store.js';
import { startBoth } from './interleaving.js';
import { changed, createRecord, createSessionId } from './records.js';
import type { ContractContext } from './subject.js';

/**
 * Records that expire a minute after `from` and at other times around that; no engine removes them by itself before.
 * Those whose distance from one another counts are given the same `from`.
 */
function createExpiring(offset: number, from = Date.now()): { id: SessionId; record: SessionRecord } {
  return { id: createSessionId(), record: { ...createRecord(), expiresAt: from + 60_000 + offset } };
}

function sweeping(store: SessionStore): SessionStore & SweepingStore {
  assert.ok(isSweeping(store), 'The store has no sweep(); it was declared to have one by { sweeps: true }.');
  return store;
}

async function createAll(
  store: SessionStore,
  entries: readonly { id: SessionId; record: SessionRecord }[],
): Promise<void> {
  await Promise.all(entries.map(({ id, record }) => store.create(id, record)));
}

/** What has expired may still be read; a store that sweeps removes that and nothing else. */
export function describeSweeping({ runner, clause, second, sweeps, rounds }: ContractContext): void {
  runner.describe('expiry', () => {
    clause('answers an expired record or none, and no error', async ({ store }) => {
      const id = createSessionId();
      const now = Date.now();
      const record = createRecord({
        createdAt: now - 9_000,
        lastSeenAt: now - 9_000,
        idle: 1_000,
        expiresAt: now - 8_000,
      });
      assert.equal(await store.create(id, record), true);
      for (const answer of [await store.read(id), ...(await store.readMany([id])), await store.remove(id)]) {
        assert.deepEqual(answer, answer === undefined ? undefined : record);
      }
      assert.equal(await store.read(id), undefined);
    });

    if (!sweeps) {
      clause('has no sweep that it was not declared to have', async ({ store }) => {
        assert.equal(isSweeping(store), false, 'Pass { sweeps: true }, so that the sweep is tested as well.');
      });
      return;
    }

    clause('sweeps exactly what has expired', async ({ store }) => {
      const swept = sweeping(store);
      const from = Date.now();
      const entries = Array.from({ length: 41 }, (_, index) => createExpiring((index - 20) * 10_000, from));
      await createAll(store, entries);
      const now = Math.max(...entries.slice(0, 21).map(({ record }) => record.expiresAt));
      const due = entries.filter(({ record }) => record.expiresAt <= now).length;
      assert.equal(await swept.sweep(now, 1_000), due);
      assert.deepEqual(
        await store.readMany(entries.map(({ id }) => id)),
        entries.map(({ record }) => (record.expiresAt <= now ? undefined : record)),
      );
      assert.equal(await swept.sweep(now, 1_000), 0);
    });

    clause('sweeps nothing where nothing has expired', async ({ store }) => {
      assert.equal(await sweeping(store).sweep(Date.now(), 1_000), 0);
      const { id, record } = createExpiring(0);
      await store.create(id, record);
      assert.equal(await sweeping(store).sweep(record.expiresAt - 1, 1_000), 0);
      assert.deepEqual(await store.read(id), record);
    });

    clause('sweeps no more than it is asked to, and what expired first goes first', async ({ store }) => {
      const entries = Array.from({ length: 10 }, (_, index) => createExpiring(index * 1_000));
      await createAll(store, entries.toReversed());
      const now = Date.now() + 120_000;
      assert.equal(await sweeping(store).sweep(now, 3), 3);
      assert.deepEqual(
        await store.readMany(entries.map(({ id }) => id)),
        entries.map(({ record }, index) => (index < 3 ? undefined : record)),
      );
      assert.equal(await sweeping(store).sweep(now, 0), 0);
      assert.equal(await sweeping(store).sweep(now, 1_000), 7);
      assert.equal(await sweeping(store).sweep(now, 1_000), 0);
    });

    clause('goes by the time of the last touch or replace', async ({ store }) => {
      const [touched, replaced, shortened, removed] = [0, 1, 2, 3].map((offset) => createExpiring(offset));
      assert.ok(touched && replaced && shortened && removed);
      await createAll(store, [touched, replaced, removed, { ...shortened, record: later(shortened.record) }]);
      const moved = later(touched.record);
      await store.touch(touched.id, moved.version, moved.lastSeenAt, moved.expiresAt);
      const next = changed(later(replaced.record));
      await store.replace(replaced.id, next, replaced.record.version);
      await store.replace(shortened.id, changed(shortened.record), shortened.record.version);
      await store.remove(removed.id);
      assert.equal(await sweeping(store).sweep(Date.now() + 120_000, 1_000), 1);
      assert.deepEqual(await store.readMany([touched, replaced, shortened].map(({ id }) => id)), [
        moved,
        next,
        undefined,
      ]);
      assert.equal(await sweeping(store).sweep(next.expiresAt, 1_000), 2);
      assert.deepEqual(await store.readMany([touched.id, replaced.id]), [undefined, undefined]);
    });

    clause('never kills what was touched or replaced meanwhile', async (subject) => {
      const { store } = subject;
      const other = await second(subject);
      const batch = 25;
      for (let done = 0; done < rounds; done += batch) {
        const entries = Array.from({ length: batch }, (_, index) => createExpiring(index));
        await createAll(store, entries);
        const now = Date.now() + 120_000;
        const [sweep, renewals] = startBoth(
          (done / batch) % 2 === 0,
          () => sweeping(store).sweep(now, 1_000),
          () => Promise.all(entries.map((entry, index) => renewed(other, entry, index))),
        );
        const expected = await renewals;
        const count = await sweep;
        assert.deepEqual(await store.readMany(entries.map(({ id }) => id)), expected);
        assert.equal(count, expected.filter((record) => record === undefined).length);
        await Promise.all(entries.map(({ id }) => store.remove(id)));
      }
    });

    clause('may be swept by several at once', async (subject) => {
      const { store } = subject;
      const other = await second(subject);
      const entries = Array.from({ length: 100 }, (_, index) => createExpiring(index));
      const kept = createExpiring(600_000);
      await createAll(store, [...entries, kept]);
      const now = Date.now() + 120_000;
      const counts = await Promise.all(
        [store, other, store, other].map((side) => sweeping(side).sweep(now, 1_000)),
      );
      assert.equal(
        counts.reduce((sum, count) => sum + count, 0),
        entries.length,
      );
      assert.deepEqual(await store.readMany([...entries, kept].map(({ id }) => id)), [
        ...entries.map(() => undefined),
        kept.record,
      ]);
    });
  });
}

/** The record as a touch ten minutes on would leave it. */
function later(record: SessionRecord): SessionRecord {
  return { ...record, lastSeenAt: record.lastSeenAt + 600_000, expiresAt: record.expiresAt + 600_000 };
}

/** Touches or replaces, and answers what must be there afterwards: the renewed record if the store said so. */
async function renewed(
  store: SessionStore,
  { id, record }: { id: SessionId; record: SessionRecord },
  index: number,
): Promise<SessionRecord | undefined> {
  const moved = later(record);
  if (index % 2 === 0) {
    const applied = await store.touch(id, record.version, moved.lastSeenAt, moved.expiresAt);
    return applied ? moved : undefined;
  }
  const next = changed(moved);
  const { done } = await store.replace(id, next, record.version);
  return done ? next : undefined;
}
