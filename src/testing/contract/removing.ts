import assert from 'node:assert/strict';
import { changed, createRecord, createSessionId, principal } from './records.js';
import type { ContractContext } from './subject.js';

/** Remove takes the record away and answers it. */
export function describeRemoving({ runner, clause }: ContractContext): void {
  runner.describe('remove', () => {
    clause('answers what it removed', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord({ principal: principal('u1'), next: createSessionId() });
      await store.create(id, record);
      assert.deepEqual(await store.remove(id), record);
      assert.equal(await store.read(id), undefined);
    });

    clause('answers the record as it was last, replaced and touched', async ({ store }) => {
      const id = createSessionId();
      const first = createRecord();
      const second = changed(first);
      await store.create(id, first);
      await store.replace(id, second, first.version);
      await store.touch(id, second.version, second.lastSeenAt + 7, second.expiresAt + 7);
      assert.deepEqual(await store.remove(id), {
        ...second,
        lastSeenAt: second.lastSeenAt + 7,
        expiresAt: second.expiresAt + 7,
      });
    });

    clause('answers undefined the second time', async ({ store }) => {
      const id = createSessionId();
      await store.create(id, createRecord());
      await store.remove(id);
      assert.equal(await store.remove(id), undefined);
    });

    clause('removes one record and no other', async ({ store }) => {
      const [id, other] = [createSessionId(), createSessionId()];
      const record = createRecord();
      await store.create(id, createRecord());
      await store.create(other, record);
      await store.remove(id);
      assert.deepEqual(await store.readMany([id, other]), [undefined, record]);
    });
  });
}
