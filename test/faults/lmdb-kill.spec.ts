import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SessionId } from '../../src/core/record.js';
import { LmdbSessionStore } from '../../src/stores/lmdb/index.js';
import { LmdbProcess } from '../support/lmdb-process.js';

const ROUNDS = 6;

let path: string;
let processes: LmdbProcess[];

function start(): LmdbProcess {
  const started = new LmdbProcess(path);
  processes.push(started);
  return started;
}

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'nest-sessions-kill-'));
  processes = [];
});

afterEach(async () => {
  await Promise.all(processes.map((process) => process.kill()));
  await rm(path, { recursive: true, force: true });
});

/** The step that a session is at in the store: 0 created, 1 replaced, 2 touched, 3 removed. */
async function stepsOf(store: LmdbSessionStore, ids: readonly string[]): Promise<number[]> {
  const records = await store.readMany(ids as SessionId[]);
  return records.map((record) => {
    if (record === undefined) {
      return 3;
    }
    const { step } = JSON.parse(record.fields);
    return step === 1 && record.lastSeenAt === record.createdAt + 1_000 ? 2 : step;
  });
}

/** The sessions that are not as far as was acknowledged. */
async function lostBy(writers: readonly LmdbProcess[]): Promise<string[]> {
  const lost: string[] = [];
  const store = new LmdbSessionStore({ path });
  try {
    for (const { acknowledged } of writers) {
      const ids = [...acknowledged.keys()];
      const steps = await stepsOf(store, ids);
      // The step after the acknowledged one may have been done when the process died, but none can be undone.
      lost.push(...ids.filter((id, index) => steps[index]! < acknowledged.get(id)!));
    }
    return lost;
  } finally {
    await store.close();
  }
}

it('keeps everything acknowledged when the process is killed, round after round', async () => {
  const killed: LmdbProcess[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const writer = start();
    const enough = writer.acknowledges(150 + 97 * round);
    writer.start('write', { prefix: `round${round}`, abreast: 1 + 7 * round });
    await enough;
    await writer.kill();
    killed.push(writer);
    expect(writer.acknowledged.size).toBeGreaterThan(30);
    expect(await lostBy(killed)).toEqual([]);
  }
}, 120_000);

it('does not hold up a process that lives on', async () => {
  const survivor = start();
  survivor.start('write', { prefix: 'survivor', abreast: 5 });
  await survivor.acknowledges(20);
  for (let round = 0; round < ROUNDS; round++) {
    const victim = start();
    const enough = victim.acknowledges(60 + 31 * round);
    victim.start('write', { prefix: `victim${round}`, abreast: 20 });
    await enough;
    await victim.kill();
    await survivor.acknowledges(50);
    expect(await lostBy([victim])).toEqual([]);
  }
  await survivor.kill();
  expect(await lostBy([survivor])).toEqual([]);
}, 120_000);
