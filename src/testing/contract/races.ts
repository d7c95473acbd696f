import assert from 'node:assert/strict';
import type { SessionId, SessionRecord } from '../../core/record.js';
import type { SessionStore } from '../../core/session-store.js';
import { startBoth } from './interleaving.js';
import { changed, createRecord, createSessionId, createVersion, textOf } from './records.js';
import type { ContractContext, ContractSubject } from './subject.js';

/** Who takes part in each race. */
const RACERS = 8;

/** Rounds that run at the same time, on ids of their own. */
const ABREAST = 25;

type Round = (
  sides: readonly [SessionStore, SessionStore],
  id: SessionId,
  record: SessionRecord,
) => Promise<void>;

/** Calls that start in the same tick, on two handles where the engine can be shared, end as if one after another. */
export function describeRaces({ runner, clause, second, rounds }: ContractContext): void {
  async function run(subject: ContractSubject, round: Round): Promise<void> {
    const { store } = subject;
    const other = await second(subject);
    for (let done = 0; done < rounds; done += ABREAST) {
      await Promise.all(
        Array.from({ length: Math.min(ABREAST, rounds - done) }, async (_, number) => {
          const [id, record] = [createSessionId(), createRecord()];
          await round(number % 2 === 0 ? [store, other] : [other, store], id, record);
        }),
      );
    }
  }

  function race(name: string, round: Round): void {
    clause(name, (subject) => run(subject, round));
  }

  runner.describe('races', () => {
    race('of parallel creates of one id exactly one wins', async (sides, id) => {
      const records = Array.from({ length: RACERS }, () => createRecord());
      const answers = await Promise.all(
        records.map((record, index) => side(sides, index).create(id, record)),
      );
      assert.deepEqual(await sides[0].read(id), records[winner(answers)]);
    });

    race('of parallel replaces of one version exactly one wins', async (sides, id, record) => {
      await sides[0].create(id, record);
      const next = Array.from({ length: RACERS }, (_, number) => changed(record, { number }));
      const answers = await Promise.all(
        next.map((candidate, index) => side(sides, index).replace(id, candidate, record.version)),
      );
      const won = next[winner(answers.map(({ done }) => done))];
      assert.deepEqual(await sides[1].read(id), won);
      for (const answer of answers) {
        assert.deepEqual(answer, answer.done ? { done: true } : { done: false, current: won });
      }
    });

    race('of parallel removes exactly one answers the record', async (sides, id, record) => {
      await sides[0].create(id, record);
      const answers = await Promise.all(
        Array.from({ length: RACERS }, (_, index) => side(sides, index).remove(id)),
      );
      assert.deepEqual(answers[winner(answers.map((answer) => answer !== undefined))], record);
      assert.equal(await sides[1].read(id), undefined);
    });

    race('parallel touches leave the latest', async (sides, id, record) => {
      await sides[0].create(id, record);
      const steps = [5, 1, 8, 3, 2, 7, 6, 4];
      const answers = await Promise.all(
        steps.map((step, index) =>
          side(sides, index).touch(id, record.version, record.lastSeenAt + step, record.expiresAt + step),
        ),
      );
      assert.equal(answers[steps.indexOf(8)], true);
      const [lastSeenAt, expiresAt] = [record.lastSeenAt + 8, record.expiresAt + 8];
      assert.deepEqual(await sides[1].read(id), { ...record, lastSeenAt, expiresAt });
    });

    race('a touch never undoes a replace nor makes it fail', async (sides, id, record) => {
      await sides[0].create(id, record);
      const next = changed(record);
      const touching = [1, 2, 3].map((step) =>
        sides[1].touch(id, record.version, record.lastSeenAt + step, record.expiresAt + step),
      );
      const replaced = await sides[0].replace(id, next, record.version);
      assert.deepEqual(replaced, { done: true });
      await Promise.all(touching);
      assert.deepEqual(await sides[1].read(id), next);
    });

    for (const [order, writerLeads] of [
      ['remove called first', false],
      ['remove called second', true],
    ] as const) {
      race(`a replace never outlives a remove, ${order}`, async (sides, id, record) => {
        await sides[0].create(id, record);
        const next = changed(record);
        const [removing, replacing] = startBoth(
          writerLeads,
          () => sides[1].remove(id),
          () => sides[0].replace(id, next, record.version),
        );
        const removed = await removing;
        assert.equal(await sides[0].read(id), undefined);
        const replaced = await replacing;
        assert.equal(await sides[1].read(id), undefined);
        assert.deepEqual(removed, replaced.done ? next : record);
        assert.deepEqual(replaced, replaced.done ? { done: true } : { done: false });
      });

      race(`a touch never outlives a remove, ${order}`, async (sides, id, record) => {
        await sides[0].create(id, record);
        const moved = { lastSeenAt: record.lastSeenAt + 9, expiresAt: record.expiresAt + 9 };
        const [removing, touching] = startBoth(
          writerLeads,
          () => sides[1].remove(id),
          () => sides[0].touch(id, record.version, moved.lastSeenAt, moved.expiresAt),
        );
        const removed = await removing;
        assert.equal(await sides[0].read(id), undefined);
        const touched = await touching;
        assert.equal(await sides[1].read(id), undefined);
        assert.deepEqual(removed, touched ? { ...record, ...moved } : record);
      });
    }

    race('writers that try again and again never outlive a remove', async (sides, id, record) => {
      await sides[0].create(id, record);
      const writers = Array.from({ length: 4 }, (_, index) => keepReplacing(side(sides, index), id, 50));
      const removed = await sides[1].remove(id);
      assert.ok(removed);
      assert.equal(await sides[0].read(id), undefined);
      await Promise.all(writers);
      assert.equal(await sides[1].read(id), undefined);
    });

    clause('compare-and-swap loses no update', async (subject) => {
      const { store } = subject;
      const sides = [store, await second(subject)] as const;
      const id = createSessionId();
      await store.create(id, createRecord(textOf({ count: 0 })));
      const each = Math.ceil(rounds / RACERS);
      await Promise.all(Array.from({ length: RACERS }, (_, index) => countUp(side(sides, index), id, each)));
      assert.equal((await store.read(id))?.fields, JSON.stringify({ count: RACERS * each }));
    });

    race('a removed id can be taken again at once', async (sides, id, record) => {
      await sides[0].create(id, record);
      const anew = createRecord();
      const [removed, taken] = await Promise.all([sides[0].remove(id), sides[1].create(id, anew)]);
      assert.deepEqual(removed, record);
      assert.deepEqual(await sides[1].read(id), taken ? anew : undefined);
      assert.deepEqual(await sides[0].replace(id, createRecord(), createVersion()), {
        done: false,
        ...(taken ? { current: anew } : {}),
      });
    });
  });
}

function side(sides: readonly [SessionStore, SessionStore], index: number): SessionStore {
  return index % 2 === 0 ? sides[0] : sides[1];
}

/** Where the only `true` is. */
function winner(answers: readonly boolean[]): number {
  assert.equal(answers.filter(Boolean).length, 1);
  return answers.indexOf(true);
}

/** Replaces until the record is gone, or so many times. */
async function keepReplacing(store: SessionStore, id: SessionId, times: number): Promise<void> {
  let current = await store.read(id);
  for (let count = 0; count < times && current !== undefined; count++) {
    const next = changed(current, { count });
    const answer = await store.replace(id, next, current.version);
    current = answer.done ? next : answer.current;
  }
}

/** Every attempt that fails is another writer's success, so that attempts without end are a defect of the store. */
async function countUp(store: SessionStore, id: SessionId, times: number): Promise<void> {
  let attempts = 0;
  for (let done = 0; done < times;) {
    assert.ok(
      ++attempts <= 10 * RACERS * times,
      'replace conflicts again and again, with nobody else writing.',
    );
    const current = await store.read(id);
    assert.ok(current);
    const { count } = JSON.parse(current.fields);
    const next = { ...current, ...textOf({ count: count + 1 }), version: createVersion() };
    done += (await store.replace(id, next, current.version)).done ? 1 : 0;
  }
}
