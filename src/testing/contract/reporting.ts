import assert from 'node:assert/strict';
import type { SessionId } from '../../core/record.js';
import { type Forgotten, isReporting, type ReportingStore } from '../../core/reporting-store.js';
import { isSweeping, type SessionStore, type SweepingStore } from '../../core/session-store.js';
import { createRecord, createSessionId, principal } from './records.js';
import type { ContractContext } from './subject.js';

function reporting(store: SessionStore): SessionStore & SweepingStore & ReportingStore {
  assert.ok(
    isSweeping(store) && isReporting(store),
    'A store with { reports: true } has sweep() and onForgotten().',
  );
  return store;
}

/** Expires a minute after `from`, as the tests of the sweep have it. */
async function create(store: SessionStore, from: number, overrides = {}): Promise<Forgotten> {
  const id = createSessionId();
  const record = createRecord({ expiresAt: from + 60_000, ...overrides });
  await store.create(id, record);
  return { id, record, why: 'expired' };
}

/** What an event is made of, whatever else the store tells. */
function essence({ id, record, why }: Forgotten) {
  const { handle, principal: who, next, lastSeenAt, idle, absoluteAt } = record;
  return { id, why, handle, who, next, lastSeenAt, idle, absoluteAt };
}

const sorted = (all: readonly Forgotten[]) => all.map(essence).toSorted((a, b) => (a.id < b.id ? -1 : 1));

/** A store that tells what it removes by itself tells each of them once, and nothing else. */
export function describeReporting({ runner, clause, second, reports }: ContractContext): void {
  runner.describe('telling what it removes by itself', () => {
    if (!reports) {
      clause('tells nothing that it was not declared to tell', async ({ store }) => {
        assert.equal(isReporting(store), false, 'Pass { reports: true }, so that this is tested as well.');
      });
      return;
    }

    clause('tells of each record that its sweep removed, and of no other', async ({ store }) => {
      const told: Forgotten[] = [];
      const swept = reporting(store);
      swept.onForgotten((forgotten) => told.push(forgotten));
      const from = Date.now();
      const expiring = [
        await create(store, from),
        await create(store, from, { principal: principal('ada') }),
        await create(store, from, { principal: principal('eve'), next: createSessionId() }),
      ];
      const removed = await create(store, from);
      await create(store, from + 600_000);
      const touched = await create(store, from);
      const record = await store.read(touched.id);
      assert.ok(record);
      await store.touch(touched.id, record.version, record.lastSeenAt, from + 600_000);
      await store.remove(removed.id);
      assert.equal(await swept.sweep(from + 120_000, 1_000), expiring.length);
      assert.deepEqual(sorted(told), sorted(expiring));
      assert.equal(await swept.sweep(from + 120_000, 1_000), 0);
      assert.equal(told.length, expiring.length);
    });

    clause('tells everybody who listens', async ({ store }) => {
      const told: SessionId[] = [];
      const swept = reporting(store);
      swept.onForgotten(({ id }) => told.push(id));
      swept.onForgotten(({ id }) => told.push(id));
      const from = Date.now();
      const { id } = await create(store, from);
      await swept.sweep(from + 120_000, 1_000);
      assert.deepEqual(told, [id, id]);
    });

    clause('tells nobody who has stopped listening, and sweeps all the same', async ({ store }) => {
      const told: SessionId[] = [];
      const swept = reporting(store);
      const stop = swept.onForgotten(({ id }) => told.push(id));
      stop();
      stop();
      const from = Date.now();
      const { id } = await create(store, from);
      assert.equal(await swept.sweep(from + 120_000, 1_000), 1);
      assert.equal(await store.read(id), undefined);
      assert.deepEqual(told, []);
    });

    clause('of several that sweep at once the one that removed a record tells of it', async (subject) => {
      const { store } = subject;
      const sides = [...new Set([store, await second(subject)])].map(reporting);
      const told: Forgotten[] = [];
      sides.forEach((side) => side.onForgotten((forgotten) => told.push(forgotten)));
      const from = Date.now();
      const expiring = await Promise.all(Array.from({ length: 100 }, () => create(store, from)));
      await Promise.all([...sides, ...sides].map((side) => side.sweep(from + 120_000, 1_000)));
      assert.deepEqual(sorted(told), sorted(expiring));
    });
  });
}
