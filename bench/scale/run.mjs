// Runs the benches of this folder and saves what they found. See README.md above here.
//
//   PARTS=memory,start,flat,sweep  which of them                    SESSIONS=1000000  the most sessions of a store
//   STORES=memory,lmdb,redis,mongo,postgres                         ROUNDS=15  OPERATIONS=200  a round's operations
import { printTable, saveResults, setting, settings } from '../support/figures.mjs';
import { flatCostTables, measureFlatCost } from './flat-cost.mjs';
import { measureMemory, memoryTables } from './memory.mjs';
import { measureStart, startTables } from './start.mjs';
import { measureSweepCost, sweepCostTables } from './sweep-cost.mjs';

const parts = settings('PARTS', 'memory,start,flat,sweep');
const stores = settings('STORES', 'memory,lmdb,redis,mongo,postgres');
const most = setting('SESSIONS', 1_000_000);
const rounds = setting('ROUNDS', 15);
const operations = setting('OPERATIONS', 200);

const tenths = (count) => [most / 1_000, most / 100, most / 10, most].slice(-count).map(Math.ceil);

const PARTS = {
  memory: async () => {
    const expired = Math.ceil(most / 10);
    const result = await measureMemory({ count: most, expired, operations: operations * 100 });
    return [result, memoryTables(result)];
  },
  flat: async () => {
    const result = await measureFlatCost({ stores, sizes: tenths(4), rounds, operations });
    return [result, flatCostTables(result)];
  },
  sweep: async () => {
    const expired = [0, Math.ceil(most / 1_000), Math.ceil(most / 10)];
    const swept = { stores, sizes: tenths(2), expired, rounds: Math.ceil(rounds / 5) };
    const result = await measureSweepCost(swept);
    return [result, sweepCostTables(result)];
  },
  start: async () => {
    const result = await measureStart({ rounds });
    return [result, startTables(result)];
  },
};

const results = {};
for (const part of parts) {
  if (PARTS[part] === undefined)
    throw new Error(`There is no part ${part}. There are ${Object.keys(PARTS)}.`);
  const [result, tables] = await PARTS[part]();
  results[part] = result;
  for (const [title, rows] of Object.entries(tables)) printTable(title, rows);
  // With each part: whoever has to stop a long run keeps what it has found.
  saveResults('scale.json', { settings: { parts, stores, most, rounds, operations }, ...results });
}
// Servers' clients may keep a socket open for a while.
process.exit(0);
