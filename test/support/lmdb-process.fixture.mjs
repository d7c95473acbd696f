// One of several processes that share an LMDB store. It runs the built package, as an application would, does the task
// that its parent sends and tells what was acknowledged.
import { open } from 'lmdb';
import { LmdbSessionStore } from '../../dist/esm/stores/lmdb/index.js';

const [path, sweepInterval] = process.argv.slice(2);
const store = new LmdbSessionStore({ path, sweepInterval: Number(sweepInterval) });

const tell = (message) => process.send?.(message);
const drawVersion = () => Math.floor(Math.random() * 2 ** 48);

function recordOf(fields, version) {
  const now = Date.now();
  return {
    format: 1,
    version,
    fields: JSON.stringify(fields),
    lengths: [],
    createdAt: now,
    lastSeenAt: now,
    idle: 1_800_000,
    absoluteAt: now + 43_200_000,
    expiresAt: now + 1_800_000,
    handle: 'handle',
    meta: '{}',
  };
}

const tasks = {
  /** Creates, replaces, touches and removes sessions until it is killed; tells each step once it is acknowledged. */
  async write({ prefix, abreast }) {
    await Promise.all(
      Array.from({ length: abreast }, async (_, lane) => {
        for (let count = 0; ; count++) {
          const id = `${prefix}-${lane}-${count}`;
          const record = recordOf({ step: 0, text: 'x'.repeat(500) }, 1_000);
          await store.create(id, record);
          tell({ acknowledged: id, step: 0 });
          const next = { ...record, fields: JSON.stringify({ step: 1 }), version: 1_001 };
          await store.replace(id, next, 1_000);
          tell({ acknowledged: id, step: 1 });
          await store.touch(id, 1_001, next.lastSeenAt + 1_000, next.expiresAt + 1_000);
          tell({ acknowledged: id, step: 2 });
          if (count % 3 === 0) {
            await store.remove(id);
            tell({ acknowledged: id, step: 3 });
          }
        }
      }),
    );
  },

  /** Adds one to each session's count so many times, by compare-and-swap, touching now and then. */
  async count({ ids, times }) {
    let conflicts = 0;
    await Promise.all(
      ids.map(async (id) => {
        for (let done = 0; done < times;) {
          const current = await store.read(id);
          const fields = { count: JSON.parse(current.fields).count + 1 };
          const next = { ...current, fields: JSON.stringify(fields), version: drawVersion() };
          const [answer] = await Promise.all([
            store.replace(id, next, current.version),
            store.touch(id, current.version, current.lastSeenAt + 1, current.expiresAt + 1),
          ]);
          done += answer.done ? 1 : 0;
          conflicts += answer.done ? 0 : 1;
        }
      }),
    );
    return conflicts;
  },

  /** Replaces and touches each session, on whatever is there, until it finds it gone. */
  async hammer({ ids }) {
    let writes = 0;
    await Promise.all(
      ids.map(async (id) => {
        let current = await store.read(id);
        while (current !== undefined) {
          const next = { ...current, version: drawVersion() };
          const touched = store.touch(id, current.version, current.lastSeenAt + 1, current.expiresAt + 1);
          const answer = await store.replace(id, next, current.version);
          await touched;
          writes += answer.done ? 1 : 0;
          if (writes === 20) {
            tell({ warm: true });
          }
          current = answer.done ? next : answer.current;
        }
      }),
    );
    return writes;
  },

  /** Creates sessions, replaces them by larger and smaller ones, and removes them. */
  async churn({ prefix, cycles }) {
    for (let cycle = 0; cycle < cycles; cycle++) {
      await Promise.all(
        Array.from({ length: 20 }, async (_, lane) => {
          const id = `${prefix}-${lane}`;
          let record = recordOf({ text: 'x'.repeat(1_000) }, drawVersion());
          await store.create(id, record);
          for (const size of [8_000, 100, 3_000]) {
            const next = {
              ...record,
              fields: JSON.stringify({ text: 'y'.repeat(size) }),
              version: drawVersion(),
            };
            await store.replace(id, next, record.version);
            record = next;
          }
          await store.remove(id);
        }),
      );
    }
  },

  /** Reads from one snapshot until it is killed, as a process does that is stopped in the middle of a read. */
  async hold({ id }) {
    const found = await store.read(id);
    open({ path }).useReadTransaction();
    return found !== undefined;
  },

  create: ({ id, record }) => store.create(id, record),
  read: ({ id }) => store.read(id),
  remove: ({ id }) => store.remove(id),
  async close() {
    await store.close();
    process.disconnect?.();
  },
};

process.on('message', async ({ number, task, input }) => {
  try {
    tell({ number, result: await tasks[task](input ?? {}) });
  } catch (error) {
    tell({ number, error: error instanceof Error ? `${error.message} ${error.cause ?? ''}` : 'unknown' });
  }
});

// A parent that is gone can neither be told nor end this process.
process.on('disconnect', () => process.exit());
