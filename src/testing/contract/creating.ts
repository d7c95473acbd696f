import assert from 'node:assert/strict';
import { changed, createRecord, createSessionId } from './records.js';
import type { ContractContext } from './subject.js';

/** Create inserts, and only inserts. */
export function describeCreating({ runner, clause }: ContractContext): void {
  runner.describe('create', () => {
    clause('stores the record as it was given', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      assert.equal(await store.create(id, record), true);
      assert.deepEqual(await store.read(id), record);
    });

    clause('never overwrites', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      assert.equal(await store.create(id, changed(record)), false);
      assert.deepEqual(await store.read(id), record);
    });

    clause('never overwrites a record that was replaced or touched since', async ({ store }) => {
      const id = createSessionId();
      const first = createRecord();
      const second = changed(first);
      await store.create(id, first);
      await store.replace(id, second, first.version);
      await store.touch(id, second.version, second.lastSeenAt + 5, second.expiresAt + 5);
      assert.equal(await store.create(id, first), false);
      assert.deepEqual(await store.read(id), {
        ...second,
        lastSeenAt: second.lastSeenAt + 5,
        expiresAt: second.expiresAt + 5,
      });
    });

    clause('answers true when it finds its own version stored: it was sent twice', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      assert.equal(await store.create(id, record), true);
      assert.equal(await store.create(id, record), true);
      assert.deepEqual(await store.read(id), record);
    });

    clause('takes an id again that was removed', async ({ store }) => {
      const id = createSessionId();
      await store.create(id, createRecord());
      await store.remove(id);
      const record = createRecord();
      assert.equal(await store.create(id, record), true);
      assert.deepEqual(await store.read(id), record);
    });

    clause('keeps records apart', async ({ store }) => {
      const ids = Array.from({ length: 20 }, createSessionId);
      const records = ids.map((_, number) => changed(createRecord(), { number }));
      for (const [index, id] of ids.entries()) {
        assert.equal(await store.create(id, records[index] ?? createRecord()), true);
      }
      assert.deepEqual(await store.readMany(ids), records);
    });
  });
}
