// What one operation of a store costs this process, beside the bare driver and beside express-session's store on the same client:
// what of it is the driver's, and what is the store's own. See README.md there.
import { printTable, saveResults, setting, settings, spread, spreadText } from '../support/figures.mjs';
import { SERVERS } from './peers.mjs';

process.env.NODE_ENV = 'production';

const ROUNDS = setting('ROUNDS', 15);
const SLICE_MS = setting('SLICE_MS', 200);
const WARM_UP_MS = setting('WARM_UP_MS', 1_500);
const AT_ONCE = setting('AT_ONCE', 32);
const BYTES = setting('BYTES', 1_000);
const STORES = settings('STORES', 'redis,mongo,postgres');
const OPERATIONS = ['read', 'write'];

/** µs of this process for each operation, `AT_ONCE` of them under way all the time, each on a session of its own. */
async function slice(operate, milliseconds) {
  const end = performance.now() + milliseconds;
  const before = process.cpuUsage();
  let done = 0;
  const work = async (n) => {
    while (performance.now() < end) {
      await operate(n);
      done++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => work(n)));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / done;
}

async function measure(peers) {
  const names = Object.keys(peers);
  const samples = {};
  for (const operation of OPERATIONS) {
    for (const name of names) await slice(peers[name][operation], WARM_UP_MS);
    for (let round = 0; round < ROUNDS; round++) {
      const order = round % 2 === 0 ? names : names.toReversed();
      for (const name of order) {
        ((samples[operation] ??= {})[name] ??= []).push(await slice(peers[name][operation], SLICE_MS));
      }
    }
  }
  return samples;
}

const rows = [];
for (const store of STORES) {
  const start = SERVERS[store];
  if (start === undefined) throw new Error(`STORES has '${store}'; there are ${Object.keys(SERVERS)}.`);
  const { stop, ...peers } = await start(AT_ONCE, BYTES);
  try {
    for (const [operation, samples] of Object.entries(await measure(peers))) {
      const found = Object.fromEntries(Object.entries(samples).map(([name, all]) => [name, spread(all)]));
      rows.push({ store, operation, ...found });
    }
  } finally {
    await stop();
  }
}

const ratio = (row, peer) => (row['nest-sessions'].median / row[peer].median).toFixed(2);

printTable(
  `µs of CPU an operation, ${BYTES} bytes of fields, ${AT_ONCE} at once: median of ${ROUNDS} rounds, and their middle half`,
  rows.map((row) => ({
    store: row.store,
    operation: row.operation,
    'bare driver': spreadText(row['bare driver']),
    'nest-sessions': spreadText(row['nest-sessions']),
    'express-session': spreadText(row['express-session']),
    'of the driver': ratio(row, 'bare driver'),
    'of express-session': ratio(row, 'express-session'),
  })),
);
saveResults('stores.json', { rounds: ROUNDS, sliceMs: SLICE_MS, atOnce: AT_ONCE, bytes: BYTES, rows });
process.exit(0);
