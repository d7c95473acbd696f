// What a sweep costs that finds so many expired sessions among so many: it should follow what has expired.
import { KINDS } from '../support/stores.mjs';
import { short, spread, spreadText } from '../support/figures.mjs';
import { recordOf } from '../support/records.mjs';

/** The stores whose engine does not expire records by itself. */
export const SWEPT = ['memory', 'lmdb', 'postgres'];
const LONG_AGO = -24 * 3_600_000;

/** @returns a row for each store, number kept and number expired */
export async function measureSweepCost({ stores, sizes, expired, rounds }) {
  const rows = [];
  for (const kind of stores.filter((name) => SWEPT.includes(name))) {
    const place = await KINDS[kind]();
    for (const size of sizes) {
      const opened = await place.open(`kept${size}`);
      let next = size;
      await opened.addMany({ from: 0, to: size, record: (n) => recordOf(n) });
      for (const count of expired) {
        const times = [];
        const cpu = [];
        // The first of each is to warm up.
        for (let round = -1; round < rounds; round++) {
          const from = next;
          next += count;
          const record = (n) => recordOf(n, { expiresIn: LONG_AGO });
          if (count > 0) await opened.addMany({ from, to: next, record });
          const taken = await sweepAll(opened.store, count);
          if (round < 0) continue;
          times.push(taken.ms);
          cpu.push(taken.cpuMs);
        }
        rows.push({ store: kind, kept: size, expired: count, ms: spread(times), cpuMs: spread(cpu) });
      }
      await opened.store.close();
    }
    await place.stop();
  }
  return rows;
}

async function sweepAll(store, expected) {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const removed = await store.sweep(Date.now(), Number.MAX_SAFE_INTEGER);
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  if (removed !== expected) throw new Error(`The sweep removed ${removed} sessions instead of ${expected}.`);
  return { ms, cpuMs: (user + system) / 1_000 };
}

/** The rows of the README's table. */
export function sweepCostTables(rows) {
  const table = rows.map(({ store, kept, expired, ms, cpuMs }) => ({
    store,
    kept,
    expired,
    'ms (middle half)': spreadText(ms),
    'CPU of this process, ms': short(cpuMs.median),
    'µs an expired one': expired === 0 ? '' : short((ms.median * 1_000) / expired),
  }));
  return { 'A sweep of so many expired sessions among so many': table };
}
