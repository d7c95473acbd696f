// One soak: an application on one store under full load for a while, and what it holds before, meanwhile and after.
import { setTimeout as sleep } from 'node:timers/promises';
import { server } from '../support/servers.mjs';
import { startLoad } from './load.mjs';
import { ServerProcess } from './server-process.mjs';
import { slopeOf } from './slope.mjs';

/** How long a server may take to end by itself once it was closed. */
const END_LIMIT = 8_000;
/** The idle timeout, a sweep, and what is still on its way. */
const QUIET = 7_000;

/** What a process has that only reads its commands and prints. */
const OF_THE_PROCESS = /active (PipeWrap|TTYWrap|TickObject|Immediate)$/;

async function serverOf(store) {
  if (store === 'memory' || store === 'lmdb') return { url: '', stop: async () => undefined };
  const started = await server(store);
  return started[`start${store[0].toUpperCase()}${store.slice(1)}`]();
}

/** What a closed server still has, and had not before there was an application. */
function leftBehind(before, closed) {
  return [
    ...moreOf(before.descriptors ?? {}, closed.descriptors ?? {}, 'open'),
    ...moreOf(before.resources, closed.resources, 'active').filter((text) => !OF_THE_PROCESS.test(text)),
  ];
}

function moreOf(before, after, how) {
  return Object.entries(after)
    .map(([kind, count]) => [kind, count - (before[kind] ?? 0)])
    .filter(([, more]) => more > 0)
    .map(([kind, more]) => `${more} ${how} ${kind}`);
}

const total = (counts) =>
  counts === undefined ? 'no /proc' : Object.values(counts).reduce((sum, n) => sum + n, 0);

/** Runs it; `problems` is empty when nothing was wrong. */
export async function soak({ store, seconds, warmUp, every, visitors, quiet = QUIET, fault }) {
  const place = await serverOf(store);
  const server = new ServerProcess({ STORE: store, STORE_URL: place.url, ...(fault && { FAULT: fault }) });
  try {
    const { value: url, before } = await server.ready();
    const load = startLoad(url, visitors);
    await sleep(warmUp * 1_000);
    const began = performance.now();
    const samples = [];
    while (performance.now() - began < seconds * 1_000) {
      samples.push({ at: (performance.now() - began) / 60_000, ...(await server.ask('sample')) });
      await sleep(every * 1_000);
    }
    await load.stop();
    await sleep(quiet);
    const after = await server.ask('sample');
    const closed = await server.ask('close', 'closed');
    const hasEnded = await server.endsByItself(END_LIMIT);
    const { counts } = load;
    const left = leftBehind(before, closed);
    const problems = [
      ...(counts.wrong > 0 ? [`${counts.wrong} wrong answers, first: ${counts.firstWrong}`] : []),
      ...(left.length > 0 ? [`left behind after close(): ${left.join(', ')}`] : []),
      ...(hasEnded ? [] : ['the process did not end by itself']),
    ];
    const later = samples.slice(Math.ceil(samples.length / 2));
    // Until then code is still being compiled, and what compiles it takes notes.
    const heap = slopeOf(later.map(({ at, heapUsed }) => ({ x: at, y: heapUsed / 1_024 })));
    return {
      store,
      seconds,
      visitors,
      counts,
      heapKbPerMinute: heap,
      before,
      samples,
      after,
      closed,
      problems,
    };
  } finally {
    server.kill();
    await place.stop();
  }
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** The row of the README's table. */
export function soakRow({ store, seconds, counts, heapKbPerMinute: heap, samples, after, closed, problems }) {
  const [first] = samples;
  return {
    store,
    minutes: (seconds / 60).toFixed(1),
    requests: counts.requests,
    'wrong answers': counts.wrong,
    'heap, MB: first / last / quiet / closed': [first, samples.at(-1), after, closed]
      .map(({ heapUsed }) => megabytes(heapUsed))
      .join(' / '),
    'slope of the second half, KB/min (95 %)': heap
      ? `${heap.slope.toFixed(0)} ± ${heap.plusMinus.toFixed(0)}`
      : '',
    'RSS, MB: first / last': `${megabytes(first.rss)} / ${megabytes(samples.at(-1).rss)}`,
    'descriptors: first / quiet / closed': [first, after, closed]
      .map(({ descriptors }) => total(descriptors))
      .join(' / '),
    'timers quiet / closed': `${after.resources.Timeout ?? 0} / ${closed.resources.Timeout ?? 0}`,
    problems: problems.join('; ') || 'none',
  };
}
