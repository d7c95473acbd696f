// Fills a store until the disk takes no more, then looks at what is left. Prints what it saw as JSON.
import { randomBytes } from 'node:crypto';
import { LmdbSessionStore } from '../../dist/esm/stores/lmdb/index.js';

const store = new LmdbSessionStore({ path: process.argv[2] });
const record = {
  format: 1,
  version: 1,
  fields: JSON.stringify({ text: 'x'.repeat(2_000) }),
  lengths: [],
  createdAt: 0,
  lastSeenAt: 0,
  idle: 0,
  absoluteAt: 0,
  expiresAt: Date.now() + 60_000,
  handle: 'handle',
  meta: '{}',
};

const stored = [];
const refused = [];
let failure;
for (let turn = 0; turn < 40; turn++) {
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      const id = randomBytes(32).toString('base64url');
      try {
        await store.create(id, record);
        stored.push(id);
      } catch (error) {
        refused.push(id);
        failure ??= error;
      }
    }),
  );
}

const acknowledgedAllThere = (await store.readMany(stored)).every((found) => found !== undefined);
const refusedAllAbsent = (await store.readMany(refused)).every((found) => found === undefined);
let removed = 0;
for (const id of stored.slice(0, 100)) {
  removed += (await store.remove(id)) === undefined ? 0 : 1;
}
const writesAgain = await store.create(randomBytes(32).toString('base64url'), record);
await store.close();

process.stdout.write(
  JSON.stringify({
    somethingStored: stored.length > 100,
    somethingRefused: refused.length > 0,
    message: failure?.message,
    hasCause: failure?.cause instanceof Error,
    acknowledgedAllThere,
    refusedAllAbsent,
    readsAndRemoves: removed === 100,
    writesAgain,
  }),
);
