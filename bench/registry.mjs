// Measures what `SessionRegistry.list()` of a user with 10 sessions costs among 100 sessions and among very many, on each store
// of this package, and counts its round trips. Both stores of a kind take turns in one run. See README.md here.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { SessionModule, SessionRegistry, SessionService } from 'nest-sessions';
import { median, spread } from './support/figures.mjs';
import { recordOf } from './support/records.mjs';
import { KINDS } from './support/stores.mjs';

const FEW = 100;
const MANY = Number(process.env.SESSIONS ?? 1_000_000);
const ROUNDS = Number(process.env.ROUNDS ?? 15);
const LISTS = Number(process.env.LISTS ?? 100);
const ONLY = process.env.STORES?.split(',');
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

/** An application on the store, a user with ten sessions in it, and so many sessions in all. */
async function applicationOn(place, count) {
  const { store, addMany } = await place.open(`among${count}`);
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
  await addMany({ from: 0, to: count - 10, record });
  const filled = performance.now() - began;
  for (let n = 0; n < 10; n++) await fetch(`${await app.getUrl()}/login`);
  const registry = app.get(SessionRegistry);
  calls.count = 0;
  if ((await registry.list('ada')).length !== 10) throw new Error('The list has not ten sessions.');
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
for (const [kind, start] of Object.entries(KINDS)) {
  if (ONLY !== undefined && !ONLY.includes(kind)) continue;
  const place = await start();
  const few = await applicationOn(place, FEW);
  const many = await applicationOn(place, MANY);
  const times = { few: [], many: [], ratio: [] };
  // What has only just been written or compiled would count for one of them.
  await measure(few);
  await measure(many);
  for (let round = 0; round < ROUNDS; round++) {
    const turns = round % 2 === 0 ? ['few', 'many'] : ['many', 'few'];
    for (const turn of turns) times[turn].push(await measure(turn === 'few' ? few : many));
    times.ratio.push(times.many.at(-1) / times.few.at(-1));
  }
  const { low, high } = spread(times.ratio);
  results.push({
    store: kind,
    [`µs among ${FEW}`]: median(times.few).toFixed(0),
    [`µs among ${MANY}`]: median(times.many).toFixed(0),
    'median ratio': median(times.ratio).toFixed(2),
    'middle half': `${low.toFixed(2)}–${high.toFixed(2)}`,
    'calls of the store': `${few.trips} / ${many.trips}`,
    'filled in s': (many.filled / 1_000).toFixed(0),
  });
  console.table(results.slice(-1));
  await few.stop();
  await many.stop();
  await place.stop();
}
console.table(results);
process.exit(0);
