import assert from 'node:assert/strict';
import { changed, createRecord, createSessionId } from './records.js';
import type { ContractContext } from './subject.js';

/** Two handles on the same data see what the other was told is done, at once. */
export function describeHandles({ runner, clause, shared, second }: ContractContext): void {
  if (!shared) {
    return;
  }

  runner.describe('two handles on the same data', () => {
    clause('see each other’s acknowledged writes at once', async (subject) => {
      const other = await second(subject);
      for (let turn = 0; turn < 40; turn++) {
        const [writer, reader] = turn % 2 === 0 ? [subject.store, other] : [other, subject.store];
        const id = createSessionId();
        const record = createRecord();
        assert.equal(await reader.read(id), undefined);
        await writer.create(id, record);
        assert.deepEqual(await reader.read(id), record);
        const next = changed(record);
        await writer.replace(id, next, record.version);
        assert.deepEqual(await reader.readMany([id]), [next]);
        const [lastSeenAt, expiresAt] = [next.lastSeenAt + 1, next.expiresAt + 1];
        await writer.touch(id, next.version, lastSeenAt, expiresAt);
        assert.deepEqual(await reader.read(id), { ...next, lastSeenAt, expiresAt });
        assert.deepEqual(await writer.remove(id), { ...next, lastSeenAt, expiresAt });
        assert.equal(await reader.read(id), undefined);
        assert.equal(await reader.remove(id), undefined);
      }
    });

    clause('are held to each other’s versions', async (subject) => {
      const other = await second(subject);
      const id = createSessionId();
      const record = createRecord();
      const next = changed(record);
      await subject.store.create(id, record);
      assert.equal(await other.create(id, next), false);
      assert.deepEqual(await other.replace(id, next, record.version), { done: true });
      const late = changed(record);
      assert.deepEqual(await subject.store.replace(id, late, record.version), { done: false, current: next });
      assert.equal(
        await subject.store.touch(id, record.version, record.lastSeenAt + 1, record.expiresAt + 1),
        false,
      );
      await other.remove(id);
      assert.deepEqual(await subject.store.replace(id, late, next.version), { done: false });
      assert.equal(
        await subject.store.touch(id, next.version, next.lastSeenAt + 1, next.expiresAt + 1),
        false,
      );
      assert.equal(await other.read(id), undefined);
    });

    clause('go on when the other one closes', async (subject) => {
      const other = await second(subject);
      const id = createSessionId();
      const record = createRecord();
      const next = changed(record);
      await subject.store.create(id, record);
      await subject.store.close();
      assert.deepEqual(await other.read(id), record);
      assert.deepEqual(await other.replace(id, next, record.version), { done: true });
      assert.deepEqual(await other.remove(id), next);
    });

    clause('keep what was acknowledged before all of them closed', async (subject) => {
      const ids = Array.from({ length: 20 }, createSessionId);
      const records = ids.map(() => createRecord());
      await Promise.all(ids.map((id, index) => subject.store.create(id, records[index] ?? createRecord())));
      const removed = ids[0] ?? createSessionId();
      await subject.store.remove(removed);
      await subject.store.close();
      const later = await second(subject);
      assert.deepEqual(await later.readMany(ids), [undefined, ...records.slice(1)]);
    });

    clause('keep what was acknowledged while the store was closing', async (subject) => {
      const ids = Array.from({ length: 50 }, createSessionId);
      const records = ids.map(() => createRecord());
      const creating = ids.map((id, index) => subject.store.create(id, records[index] ?? createRecord()));
      const [outcomes] = await Promise.all([Promise.allSettled(creating), subject.store.close()]);
      const found = await (await second(subject)).readMany(ids);
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.status === 'fulfilled') {
          assert.deepEqual(found[index], records[index]);
        }
      }
    });
  });
}
