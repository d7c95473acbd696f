// Runs the soak and fails when an answer was wrong or something was left behind. See README.md above here.
//
//   STORES=memory,redis (mongo, postgres, lmdb)  MINUTES=10 or SECONDS=…  WARM_UP=30 (s)  EVERY=5 (s)  VISITORS=40
import { printTable, saveResults, setting, settings } from '../support/figures.mjs';
import { soak, soakRow } from './soak.mjs';

const stores = settings('STORES', 'memory,redis');
const seconds = setting('SECONDS', setting('MINUTES', 10) * 60);
const warmUp = setting('WARM_UP', 30);
const every = setting('EVERY', 5);
const visitors = setting('VISITORS', 40);

const results = [];
for (const store of stores) {
  const quiet = process.env.QUIET === undefined ? {} : { quiet: setting('QUIET', 0) };
  const result = await soak({ store, seconds, warmUp, every, visitors, ...quiet, fault: process.env.FAULT });
  results.push(result);
  if (result.samples[0].descriptors === undefined)
    console.log('No /proc here: descriptors were not counted.');
}
printTable('Soak', results.map(soakRow));
saveResults('soak.json', { settings: { stores, seconds, warmUp, every, visitors }, results });
// Not by force: what this process itself has left open would show.
process.exitCode = results.some(({ problems }) => problems.length > 0) ? 1 : 0;
