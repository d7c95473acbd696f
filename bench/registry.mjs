// Measures what `SessionRegistry.list()` of a user with ten sessions costs among 100 sessions and among very many, and what it
// costs users with one, ten and a hundred; on each store of this package, with the number of its round trips. The applications
// of a store take turns in one run. See README.md here.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { SessionModule, SessionRegistry, SessionService } from 'nest-sessions';
import {
  median,
  printTable,
  saveResults,
  setting,
  settings,
  spread,
  spreadText,
} from './support/figures.mjs';
import { recordOf } from './support/records.mjs';
import { KINDS } from './support/stores.mjs';

const FEW = 100;
const MANY = setting('SESSIONS', 1_000_000);
const ROUNDS = setting('ROUNDS', 15);
const LISTS = setting('LISTS', 100);
const STORES = settings('STORES', Object.keys(KINDS).join(','));
/** A user with so many sessions, and how many there are in all. */
const APPLICATIONS = {
  'one of 100': { own: 1, all: FEW },
  'ten of 100': { own: 10, all: FEW },
  'all of 100': { own: 100, all: FEW },
  [`ten of ${MANY}`]: { own: 10, all: MANY },
};
/** What the others are compared with. */
const USUAL = 'ten of 100';
const SECRET = 'bench-secret-0123456789-abcdefghijklmnop';
/** Counts what a store is asked; what its methods ask of one another is part of that. */
function countCalls(store) {
  const calls = { count: 0 };
  let isInside = false;
  for (const name of ['read', 'readMany', 'create', 'replace', 'touch', 'remove']) {
    const method = store[name].bind(store);
    store[name] = (...args) => {
      const isOwn = isInside;
      calls.count += isOwn ? 0 : 1;
      isInside = true;
      try {
        return method(...args);
      } finally {
        isInside = isOwn;
      }
    };
  }
  return calls;
}

/** An application on the store, a user with so many sessions in it, and so many sessions in all. */
async function applicationOn(place, { own, all }) {
  const { store, addMany } = await place.open(`own${own}of${all}`);
  const calls = countCalls(store);
  const logger = { warn() {}, error: console.error };
  const sessions = SessionModule.forRoot({ secret: SECRET, store, registry: true, logger });
  const app = await NestFactory.create({ module: class Root {}, imports: [sessions] }, { logger: false });
  app.use('/login', async (_req, res) => {
    await app.get(SessionService).login('ada');
    res.end();
  });
  await app.listen(0, '127.0.0.1');
  const began = performance.now();
  // Other people's sessions.
  const record = (n) => recordOf(`other ${n}`, { principal: `other ${n}` });
  await addMany({ from: 0, to: all - own, record });
  const filled = performance.now() - began;
  for (let n = 0; n < own; n++) await fetch(`${await app.getUrl()}/login`);
  const registry = app.get(SessionRegistry);
  calls.count = 0;
  if ((await registry.list('ada')).length !== own) throw new Error(`The list has not ${own} sessions.`);
  const trips = calls.count;
  return { registry, trips, filled, stop: () => app.close() };
}

async function measure({ registry }) {
  const times = [];
  for (let n = 0; n < LISTS; n++) {
    const began = performance.now();
    await registry.list('ada');
    times.push((performance.now() - began) * 1_000);
  }
  return median(times);
}

const results = [];
for (const kind of STORES) {
  const place = await KINDS[kind]();
  const applications = [];
  for (const [name, counts] of Object.entries(APPLICATIONS)) {
    applications.push({ name, ...(await applicationOn(place, counts)), times: [], ratios: [] });
  }
  const usual = applications.find(({ name }) => name === USUAL);
  for (let round = -1; round < ROUNDS; round++) {
    const turns = round % 2 === 0 ? applications : applications.toReversed();
    for (const application of turns) application.latest = await measure(application);
    if (round < 0) continue; // compiled and connected first
    for (const one of applications) {
      one.times.push(one.latest);
      one.ratios.push(one.latest / usual.latest);
    }
  }
  for (const { name, trips, filled, times, ratios } of applications) {
    results.push({
      store: kind,
      sessions: name,
      us: spread(times),
      ratio: spread(ratios),
      trips,
      filledMs: filled,
    });
  }
  await Promise.all(applications.map(({ stop }) => stop()));
  await place.stop();
}
printTable(
  `A user's sessions among everybody's: µs on the clock, median of ${ROUNDS} rounds, and the middle half`,
  results.map(({ store, sessions, us, ratio, trips }) => ({
    store,
    'of the user, in all': sessions,
    'µs a list': spreadText(us),
    [`to ${USUAL}`]: spreadText(ratio),
    'calls of the store': trips,
  })),
);
saveResults('registry.json', {
  settings: { most: MANY, rounds: ROUNDS, lists: LISTS, stores: STORES },
  results,
});
process.exit(0);
