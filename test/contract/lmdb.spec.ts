import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { LmdbSessionStore } from '../../src/stores/lmdb/index.js';
import { storeContract } from '../../src/testing/index.js';

storeContract(
  'LmdbSessionStore',
  async () => {
    const path = await mkdtemp(join(tmpdir(), 'nest-sessions-lmdb-'));
    const store = new LmdbSessionStore({ path });
    const handles = [store];
    return {
      store,
      async reopen() {
        const another = new LmdbSessionStore({ path });
        handles.push(another);
        return another;
      },
      async close() {
        await Promise.all(handles.map((handle) => handle.close()));
        await rm(path, { recursive: true });
      },
    };
  },
  { runner: { describe, it }, sweeps: true, reports: true, rejectsAfterClose: true },
);
