import assert from 'node:assert/strict';
import { changed, createRecord, createSessionId, createVersion } from './records.js';
import type { ContractContext } from './subject.js';

/** Touch moves two times and nothing else, and only while the version is the expected one. */
export function describeTouching({ runner, clause }: ContractContext): void {
  runner.describe('touch', () => {
    clause('moves lastSeenAt and expiresAt and nothing else', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      const [lastSeenAt, expiresAt] = [record.lastSeenAt + 1_000, record.expiresAt + 1_000];
      assert.equal(await store.touch(id, record.version, lastSeenAt, expiresAt), true);
      assert.deepEqual(await store.read(id), { ...record, lastSeenAt, expiresAt });
    });

    clause('may be done again and again', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      for (let step = 1; step <= 10; step++) {
        assert.equal(
          await store.touch(id, record.version, record.lastSeenAt + step, record.expiresAt + step),
          true,
        );
      }
      assert.deepEqual(await store.read(id), {
        ...record,
        lastSeenAt: record.lastSeenAt + 10,
        expiresAt: record.expiresAt + 10,
      });
    });

    clause('does nothing when the version is another', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      const answer = await store.touch(
        id,
        createVersion(),
        record.lastSeenAt + 1_000,
        record.expiresAt + 1_000,
      );
      assert.equal(answer, false);
      assert.deepEqual(await store.read(id), record);
    });

    clause('does nothing when the record was replaced since', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      const next = changed(record);
      await store.create(id, record);
      await store.replace(id, next, record.version);
      assert.equal(await store.touch(id, record.version, record.lastSeenAt + 1, record.expiresAt + 1), false);
      assert.deepEqual(await store.read(id), next);
    });

    clause('never moves lastSeenAt back', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      await store.touch(id, record.version, record.lastSeenAt + 500, record.expiresAt + 500);
      for (const step of [-1, 0, 499]) {
        assert.equal(
          await store.touch(id, record.version, record.lastSeenAt + step, record.expiresAt + step),
          false,
        );
      }
      assert.deepEqual(await store.read(id), {
        ...record,
        lastSeenAt: record.lastSeenAt + 500,
        expiresAt: record.expiresAt + 500,
      });
    });

    clause('never creates', async ({ store }) => {
      const id = createSessionId();
      assert.equal(await store.touch(id, createVersion(), Date.now(), Date.now() + 1_000), false);
      assert.equal(await store.read(id), undefined);
    });

    clause('never brings a removed record back', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      await store.remove(id);
      assert.equal(await store.touch(id, record.version, record.lastSeenAt + 1, record.expiresAt + 1), false);
      assert.equal(await store.read(id), undefined);
      assert.equal(await store.remove(id), undefined);
      assert.equal(await store.create(id, createRecord()), true);
    });
  });
}
