// What one operation costs among few sessions and among very many, on each store: processor time of this process, and time on the
// clock. The stores of all sizes live at once and take turns in rounds; the sessions are drawn from all that there are.
import { KINDS } from '../support/stores.mjs';
import { short, spread, spreadText } from '../support/figures.mjs';
import { changedRecord, fieldsOf, recordOf } from '../support/records.mjs';

export const OPERATIONS = ['read', 'replace', 'touch', 'create and remove'];

const SPAN = 3_600_000;

/** One store of a size, with what it takes to ask it for any session. */
class Subject {
  #versions = new Map();
  #seenAt = Date.now();
  #created = 0;

  constructor({ store, idOf }, size, first) {
    this.store = store;
    this.idOf = idOf;
    this.size = size;
    this.first = first;
  }

  /** Makes what the operations need before the clock runs: ids and records are not the store's work. */
  prepare(operation, count) {
    return Array.from({ length: count }, () => {
      const name = Math.floor(Math.random() * this.size);
      const id = this.idOf(name);
      const version = this.#versions.get(name) ?? this.first(name).version;
      if (operation === 'replace') {
        const next = changedRecord(this.first(name), fieldsOf(`${name} again`, 400));
        this.#versions.set(name, next.version);
        return { id, version, next };
      }
      if (operation === 'create and remove') {
        const other = this.size + 1e9 + this.#created++;
        return { id: this.idOf(other), next: recordOf(other) };
      }
      return { id, version, seenAt: ++this.#seenAt + SPAN };
    });
  }

  async run(operation, { id, version, next, seenAt }) {
    const { store } = this;
    switch (operation) {
      case 'read':
        return (await store.read(id)) !== undefined;
      case 'replace':
        return (await store.replace(id, next, version)).done;
      case 'touch':
        return store.touch(id, version, seenAt, seenAt + SPAN);
      default:
        return (await store.create(id, next)) && (await store.remove(id)) !== undefined;
    }
  }

  /** µs of the processor and on the clock, each operation. */
  async measure(operation, count) {
    const prepared = this.prepare(operation, count);
    let done = 0;
    const cpu = process.cpuUsage();
    const began = performance.now();
    for (const one of prepared) done += (await this.run(operation, one)) ? 1 : 0;
    const wall = (performance.now() - began) * 1_000;
    const { user, system } = process.cpuUsage(cpu);
    if (done !== count) throw new Error(`${operation}: ${count - done} of ${count} were not done.`);
    return { cpu: (user + system) / count, wall: wall / count };
  }
}

/** The records that a store was filled with, made again where each is another, remembered where all are copies. */
async function subjectOf(kind, place, size) {
  const opened = await place.open(`size${size}`);
  const versions = new Float64Array(size);
  let copied;
  const record = (n) => {
    const one = recordOf(n);
    versions[n] = one.version;
    copied = one;
    return one;
  };
  await opened.addMany({ from: 0, to: size, record });
  const isCopied = !['memory', 'lmdb'].includes(kind);
  const first = (n) => (isCopied ? copied : { ...copied, version: versions[n] });
  return new Subject(opened, size, first);
}

/** @returns a row for each store, operation and size */
export async function measureFlatCost({ stores, sizes, rounds, operations }) {
  const rows = [];
  for (const kind of stores) {
    const place = await KINDS[kind]();
    const subjects = [];
    try {
      for (const size of sizes) subjects.push(await subjectOf(kind, place, size));
      for (const operation of OPERATIONS)
        rows.push(...(await inTurns(kind, subjects, operation, rounds, operations)));
    } finally {
      await Promise.all(subjects.map(({ store }) => store.close()));
      await place.stop();
    }
  }
  return rows;
}

async function inTurns(kind, subjects, operation, rounds, operations) {
  const samples = subjects.map(() => ({ cpu: [], wall: [], cpuRatio: [], wallRatio: [] }));
  for (let round = -1; round < rounds; round++) {
    const order = subjects.map((_, n) => (n + round + 1) % subjects.length);
    const taken = [];
    for (const n of order) taken[n] = await subjects[n].measure(operation, operations);
    if (round < 0) continue; // compiled and connected first
    for (const [n, { cpu, wall }] of taken.entries()) {
      samples[n].cpu.push(cpu);
      samples[n].wall.push(wall);
      samples[n].cpuRatio.push(cpu / taken[0].cpu);
      samples[n].wallRatio.push(wall / taken[0].wall);
    }
  }
  return subjects.map(({ size }, n) => ({
    store: kind,
    operation,
    sessions: size,
    cpuUs: spread(samples[n].cpu),
    wallUs: spread(samples[n].wall),
    cpuRatio: spread(samples[n].cpuRatio),
    wallRatio: spread(samples[n].wallRatio),
  }));
}

/** The rows of the README's table: one for each store and operation. */
export function flatCostTables(rows) {
  const table = [];
  for (const { store, operation } of rows.filter(({ sessions }) => sessions === rows[0].sessions)) {
    const sizes = rows.filter((row) => row.store === store && row.operation === operation);
    table.push({
      store,
      operation,
      ...Object.fromEntries(
        sizes.map(({ sessions, cpuUs, wallUs }) => [
          `${sessions}: CPU / wall, µs`,
          `${short(cpuUs.median)} / ${short(wallUs.median)}`,
        ]),
      ),
      'CPU, most to fewest': spreadText(sizes.at(-1).cpuRatio),
      'wall, most to fewest': spreadText(sizes.at(-1).wallRatio),
    });
  }
  return { 'An operation among so many sessions': table };
}
