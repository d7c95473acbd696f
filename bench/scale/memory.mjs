// Very many sessions in the memory store: the bytes that it holds for each byte that is stored, how long reads and writes
// wait, with and without a sweep beside them, and how long it takes to fill and to close.
import { setImmediate as turn } from 'node:timers/promises';
import { MemorySessionStore } from 'nest-sessions';
import { quantile, short } from '../support/figures.mjs';
import { changedRecord, fieldsOf, idOf, recordOf } from '../support/records.mjs';

const HOUR = 3_600_000;
/** Operations before the event loop gets its turn, as after the requests that came together. */
const BURST = 10;

/** Collects until nothing more goes. */
async function settle() {
  for (let n = 0; n < 4; n++) {
    globalThis.gc();
    await turn();
  }
}

/** What the process holds, after a collection: array buffers are part of `external`. */
async function held() {
  await settle();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapUsed, external, rss };
}

/** Reads and replaces at random until `isOver` says so, or `atLeast` of both; answers how long each took, in µs. */
async function load(store, count, isOver, atLeast) {
  const times = { read: [], replace: [] };
  let changes = 0;
  while (times.read.length < atLeast || !isOver()) {
    for (let n = 0; n < BURST; n++) {
      const name = Math.floor(Math.random() * count);
      const id = idOf(name);
      let began = performance.now();
      const record = await store.read(id);
      times.read.push((performance.now() - began) * 1_000);
      if (record === undefined) throw new Error(`Session ${name} is gone.`);
      const next = changedRecord(record, { ...fieldsOf(name, 1_000), visits: changes++ });
      began = performance.now();
      const { done } = await store.replace(id, next, record.version);
      times.replace.push((performance.now() - began) * 1_000);
      if (!done) throw new Error(`Session ${name} was not replaced.`);
    }
    await turn();
    if (isOver() && times.read.length >= atLeast) break;
  }
  return times;
}

/** How late the event loop came, in ms: what a request that arrives meanwhile waits before it begins. */
function watchLoop() {
  const delays = [];
  let last = performance.now();
  let isOn = true;
  const tick = () => {
    const now = performance.now();
    delays.push(now - last);
    last = now;
    if (isOn) setImmediate(tick);
  };
  setImmediate(tick);
  return () => {
    isOn = false;
    return delays;
  };
}

const summary = (times) => ({
  count: times.length,
  p50: quantile(times, 0.5),
  p99: quantile(times, 0.99),
  max: quantile(times, 1),
});

/** @returns the figures of one run with `count` sessions that stay and `expired` that a sweep removes */
export async function measureMemory({ count, expired, operations, bytes = 1_000 }) {
  if (globalThis.gc === undefined) throw new Error('Run node with --expose-gc.');
  const none = Number.POSITIVE_INFINITY;
  let now = Date.now();
  const store = new MemorySessionStore({
    maxSessions: none,
    maxBytes: none,
    sweepInterval: 20,
    clock: { now: () => now },
  });
  const before = await held();
  let stored = 0;
  let began = performance.now();
  const fill = async (from, to, expiresIn) => {
    for (let n = from; n < to; n++) {
      const id = idOf(n);
      const record = recordOf(n, {
        bytes,
        expiresIn: typeof expiresIn === 'function' ? expiresIn(n) : expiresIn,
      });
      stored += Buffer.byteLength(record.fields) + Buffer.byteLength(id);
      await store.create(id, record);
    }
  };
  await fill(0, count, () => HOUR + Math.floor(Math.random() * HOUR));
  const fillMs = performance.now() - began;
  const storedBytes = stored;
  const after = await held();
  const grown = Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));
  const perByte = {
    heap: grown.heapUsed / storedBytes,
    heapAndExternal: (grown.heapUsed + grown.external) / storedBytes,
    rss: grown.rss / storedBytes,
    ownEstimate: store.bytes / storedBytes,
  };

  await load(store, count, () => true, Math.min(operations, 2_000)); // compiled before it counts
  const quiet = await load(store, count, () => true, operations);
  await fill(count, count + expired, 60_000);
  await settle();
  now += 120_000;
  const loopDelays = watchLoop();
  began = performance.now();
  let sweepMs;
  const swept = await load(
    store,
    count,
    () => {
      if (sweepMs === undefined && store.size === count) sweepMs = performance.now() - began;
      return sweepMs !== undefined;
    },
    1,
  );
  const delays = loopDelays();
  began = performance.now();
  await store.close();
  const closeMs = performance.now() - began;
  return {
    count,
    expired,
    storedBytes,
    heldBytes: grown,
    bytesHeldPerByteStored: perByte,
    fillMs,
    closeMs,
    sweepMs,
    quiet: { readUs: summary(quiet.read), replaceUs: summary(quiet.replace) },
    whileSweeping: {
      readUs: summary(swept.read),
      replaceUs: summary(swept.replace),
      loopMs: summary(delays),
    },
  };
}

/** The rows of the README's tables. */
export function memoryTables(result) {
  const { count, expired, storedBytes, heldBytes, bytesHeldPerByteStored: ratio } = result;
  const row = (what, when, { p50, p99, max }) => ({ what, when, p50, p99, max });
  return {
    [`The memory store with ${count} sessions`]: [
      {
        'stored, MB': storedBytes / 1e6,
        'held, MB': (heldBytes.heapUsed + heldBytes.external) / 1e6,
        'held a byte stored': short(ratio.heapAndExternal),
        'RSS a byte stored': short(ratio.rss),
        'fill, s': result.fillMs / 1e3,
        'close, ms': result.closeMs,
      },
    ],
    [`Reads and writes among them, quiet and while a sweep removes ${expired} more (it took ${short(result.sweepMs)} ms)`]:
      [
        row('read, µs', 'quiet', result.quiet.readUs),
        row('read, µs', 'sweep', result.whileSweeping.readUs),
        row('replace, µs', 'quiet', result.quiet.replaceUs),
        row('replace, µs', 'sweep', result.whileSweeping.replaceUs),
        row('turn of the event loop, ms', 'sweep', result.whileSweeping.loopMs),
      ],
  };
}
