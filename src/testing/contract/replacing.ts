import assert from 'node:assert/strict';
import {
  changed,
  createRecord,
  createSessionId,
  createVersion,
  EXTREME_VERSIONS,
  principal,
} from './records.js';
import type { ContractContext } from './subject.js';

/** Replace is compare-and-swap on the version, and never inserts. */
export function describeReplacing({ runner, clause }: ContractContext): void {
  runner.describe('replace', () => {
    clause('stores all of the new record when the version is the expected one', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      const next = createRecord({
        principal: principal('u1'),
        meta: '{"label":"x"}',
        fields: '{}',
        lengths: [],
      });
      assert.deepEqual(await store.replace(id, next, record.version), { done: true });
      assert.deepEqual(await store.read(id), next);
    });

    clause('leaves nothing of the old record behind', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord({ principal: principal('u1'), next: createSessionId() });
      await store.create(id, record);
      const next = createRecord({ fields: '{}', lengths: [] });
      await store.replace(id, next, record.version);
      assert.deepEqual(await store.read(id), next);
    });

    clause('turns a record into a forward, which lasts longer, and answers it whole', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord({ principal: principal('u1') });
      await store.create(id, record);
      const idle = 30 * 24 * 60 * 60_000;
      const forward = createRecord({
        ...record,
        version: createVersion(),
        next: createSessionId(),
        fields: '{}',
        lengths: [],
        idle,
        expiresAt: record.absoluteAt,
        meta: '{"token":{"since":1,"seenAt":2,"former":{"id":"x","version":3}}}',
      });
      assert.deepEqual(await store.replace(id, forward, record.version), { done: true });
      assert.deepEqual(await store.read(id), forward);
      assert.deepEqual(await store.replace(id, changed(record), record.version), {
        done: false,
        current: forward,
      });
      const elsewhere = createRecord({ ...forward, version: createVersion(), next: createSessionId() });
      assert.deepEqual(await store.replace(id, elsewhere, forward.version), { done: true });
      const until = record.lastSeenAt + 1_000;
      assert.equal(await store.touch(id, elsewhere.version, record.lastSeenAt, until), true);
      assert.deepEqual(await store.remove(id), { ...elsewhere, expiresAt: until });
    });

    clause('answers the record that is there when the version is another', async ({ store }) => {
      const id = createSessionId();
      const first = createRecord();
      const second = changed(first);
      await store.create(id, first);
      await store.replace(id, second, first.version);
      assert.deepEqual(await store.replace(id, changed(first), first.version), {
        done: false,
        current: second,
      });
      assert.deepEqual(await store.read(id), second);
    });

    clause('never inserts', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      assert.deepEqual(await store.replace(id, record, record.version), { done: false });
      assert.equal(await store.read(id), undefined);
    });

    clause('never brings a removed record back', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      await store.remove(id);
      assert.deepEqual(await store.replace(id, changed(record), record.version), { done: false });
      assert.equal(await store.read(id), undefined);
      assert.equal(await store.remove(id), undefined);
    });

    clause('leaves a record alone that was removed and created anew', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      await store.remove(id);
      const anew = createRecord();
      await store.create(id, anew);
      assert.deepEqual(await store.replace(id, changed(record), record.version), {
        done: false,
        current: anew,
      });
      assert.deepEqual(await store.read(id), anew);
    });

    clause('answers done when it finds its own version stored: it was sent twice', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      const next = changed(record);
      await store.create(id, record);
      assert.deepEqual(await store.replace(id, next, record.version), { done: true });
      assert.deepEqual(await store.replace(id, next, record.version), { done: true });
      assert.deepEqual(await store.read(id), next);
    });

    clause('still replaces after a touch, which changes no version', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      const next = changed(record);
      await store.create(id, record);
      await store.touch(id, record.version, record.lastSeenAt + 10, record.expiresAt + 10);
      assert.deepEqual(await store.replace(id, next, record.version), { done: true });
      assert.deepEqual(await store.read(id), next);
    });

    clause('compares versions exactly, at the ends of 48 bits too', async ({ store }) => {
      for (const version of EXTREME_VERSIONS) {
        const id = createSessionId();
        const record = createRecord({ version });
        await store.create(id, record);
        assert.deepEqual(await store.read(id), record);
        for (const other of EXTREME_VERSIONS.filter((candidate) => candidate !== version)) {
          const refused = createRecord({ version: createVersion() });
          assert.deepEqual(await store.replace(id, refused, other), { done: false, current: record });
        }
        assert.deepEqual(await store.replace(id, changed(record), version), { done: true });
      }
    });

    clause('changes one record and no other', async ({ store }) => {
      const [id, other] = [createSessionId(), createSessionId()];
      const record = createRecord();
      await store.create(id, record);
      await store.create(other, record);
      await store.replace(id, changed(record), record.version);
      assert.deepEqual(await store.read(other), record);
    });
  });
}
