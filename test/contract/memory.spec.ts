import { describe, it } from 'vitest';
import { MemorySessionStore } from '../../src/stores/memory/memory.store.js';
import { storeContract } from '../../src/testing/index.js';

storeContract(
  'MemorySessionStore',
  async () => {
    const store = new MemorySessionStore();
    return { store, close: () => store.close() };
  },
  { runner: { describe, it }, shared: false, sweeps: true, reports: true, rejectsAfterClose: true },
);
