import assert from 'node:assert/strict';
import { changed, createRecord, createSessionId, createVersion } from './records.js';
import type { ContractContext } from './subject.js';

/** Absence is a value; several are read in order; what is handed out is nobody else's. */
export function describeReading({ runner, clause }: ContractContext): void {
  runner.describe('read, readMany', () => {
    clause('answers undefined for an id that has no record', async ({ store }) => {
      assert.equal(await store.read(createSessionId()), undefined);
    });

    clause('never takes absence for an error', async ({ store }) => {
      const id = createSessionId();
      assert.deepEqual(await store.replace(id, createRecord(), createVersion()), { done: false });
      assert.equal(await store.touch(id, createVersion(), Date.now(), Date.now() + 1_000), false);
      assert.equal(await store.remove(id), undefined);
      assert.deepEqual(await store.readMany([id]), [undefined]);
      assert.equal(await store.read(id), undefined);
    });

    clause('reads many in the order of the ids, missing and repeated ones included', async ({ store }) => {
      const known = Array.from({ length: 50 }, () => ({ id: createSessionId(), record: createRecord() }));
      await Promise.all(known.map(({ id, record }) => store.create(id, record)));
      const asked = [createSessionId(), ...known.map(({ id }) => id).toReversed(), createSessionId()];
      const expected = [undefined, ...known.map(({ record }) => record).toReversed(), undefined];
      assert.deepEqual(await store.readMany([...asked, ...asked]), [...expected, ...expected]);
    });

    clause('reads many of none', async ({ store }) => {
      assert.deepEqual(await store.readMany([]), []);
    });

    clause('keeps its record when the caller changes the object it gave', async ({ store }) => {
      const id = createSessionId();
      const { lengths, ...others } = createRecord();
      const given = { ...others, lengths: [...lengths] };
      const record = structuredClone(given);
      await store.create(id, given);
      given.fields = '{}';
      given.lengths.push(1);
      assert.deepEqual(await store.read(id), record);

      const after = changed(record);
      const next = { ...after, lengths: [...after.lengths] };
      const replaced = structuredClone(next);
      await store.replace(id, next, record.version);
      next.meta = 'changed';
      next.lengths.pop();
      assert.deepEqual(await store.read(id), replaced);
    });

    clause('keeps its record when the caller changes what was read', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      for (const answer of [await store.read(id), ...(await store.readMany([id]))]) {
        assert.ok(answer);
        // A store may freeze what it hands out; then the attempt changes nothing.
        Reflect.set(answer, 'fields', '{}');
        Reflect.set(answer, 'version', createVersion());
        Reflect.set(answer.lengths, 0, 99);
        assert.deepEqual(await store.read(id), record);
      }
    });
  });
}
