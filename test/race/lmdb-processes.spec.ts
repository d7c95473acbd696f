import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LmdbSessionStore } from '../../src/stores/lmdb/index.js';
import { changed, createRecord, createSessionId, textOf } from '../../src/testing/contract/records.js';
import { LmdbProcess } from '../support/lmdb-process.js';

const PROCESSES = 3;

let path: string;
let store: LmdbSessionStore;
let processes: LmdbProcess[];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'nest-sessions-race-'));
  store = new LmdbSessionStore({ path });
  processes = Array.from({ length: PROCESSES }, () => new LmdbProcess(path));
});

afterEach(async () => {
  await Promise.all(processes.map((process) => process.kill()));
  await store.close();
  await rm(path, { recursive: true, force: true });
});

it('P2 loses no update of several processes', async () => {
  const times = 60;
  const ids = Array.from({ length: 4 }, createSessionId);
  await Promise.all(ids.map((id) => store.create(id, createRecord(textOf({ count: 0 })))));
  const conflicts = await Promise.all(processes.map((process) => process.run('count', { ids, times })));
  const counts = (await store.readMany(ids)).map((record) => record?.fields);
  expect(counts).toEqual(ids.map(() => JSON.stringify({ count: PROCESSES * times })));
  // Without a conflict the processes did not meet and nothing was tested.
  expect(conflicts.reduce((sum: number, count) => sum + Number(count), 0)).toBeGreaterThan(0);
}, 120_000);

it('P1 keeps what was removed removed, whoever writes on', async () => {
  const [remover, ...writers] = processes;
  const ids = Array.from({ length: 25 }, createSessionId);
  await Promise.all(ids.map((id) => store.create(id, createRecord())));
  const warm = Promise.all(writers.map((writer) => writer.warm()));
  const hammering = Promise.all(writers.map((writer) => writer.run('hammer', { ids })));
  await warm;
  for (const id of ids) {
    expect(await remover?.run('remove', { id })).toMatchObject({ format: 1 });
    expect(await store.read(id)).toBeUndefined();
  }
  for (const writes of await hammering) {
    expect(writes).toBeGreaterThan(0);
  }
  expect(await store.readMany(ids)).toEqual(ids.map(() => undefined));
}, 120_000);

it('shows an acknowledged write to every process at once', async () => {
  for (let turn = 0; turn < 30; turn++) {
    const [writer, reader] = [processes[turn % PROCESSES], processes[(turn + 1) % PROCESSES]];
    const id = createSessionId();
    const record = createRecord();
    expect(await reader?.run('read', { id })).toBeUndefined();
    expect(await store.read(id)).toBeUndefined();
    expect(await writer?.run('create', { id, record })).toBe(true);
    expect(await store.read(id)).toEqual(record);
    expect(await reader?.run('read', { id })).toEqual(record);
    const next = changed(record);
    expect(await store.replace(id, next, record.version)).toEqual({ done: true });
    expect(await reader?.run('read', { id })).toEqual(next);
    expect(await reader?.run('remove', { id })).toEqual(next);
    expect(await store.read(id)).toBeUndefined();
  }
}, 120_000);

it('of one create by several processes exactly one succeeds', async () => {
  for (let turn = 0; turn < 30; turn++) {
    const id = createSessionId();
    const records = processes.map(() => createRecord());
    const answers = await Promise.all(
      processes.map((process, index) => process.run('create', { id, record: records[index] })),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await store.read(id)).toEqual(records[answers.indexOf(true)]);
  }
}, 120_000);

/** What one cycle of the task `churn` writes in one process, in bytes. */
const CHURNED = 20 * (1_000 + 8_000 + 100 + 3_000);

/** Has them write so many cycles and answers the share of what they wrote that the file takes. */
async function churn(cycles: number, members: readonly LmdbProcess[]): Promise<number> {
  await Promise.all(members.map((member, index) => member.run('churn', { prefix: `p${index}`, cycles })));
  const { size } = await stat(join(path, 'data.mdb'));
  return size / (cycles * members.length * CHURNED);
}

it('uses the space again that was freed', async () => {
  expect(await churn(70, processes)).toBeLessThan(0.25);
}, 120_000);

it('uses the space again that a killed process was reading', async () => {
  const id = createSessionId();
  await store.create(id, createRecord());
  const others = [new LmdbProcess(path, 50), new LmdbProcess(path, 50)];
  processes.push(...others);
  await churn(1, others);
  const [victim] = processes;
  expect(await victim?.run('hold', { id })).toBe(true);
  await victim?.kill();
  expect(await churn(70, others)).toBeLessThan(0.25);
}, 120_000);
