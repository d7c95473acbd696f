import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { machineNow, versionsOf } from '../http/src/report/surroundings.js';
import { startApp } from './app.js';
import { type Case, CASES } from './cases.js';
import { type Peer, startPeers } from './peers.js';
import { tableOf } from './table.js';

const RESULTS = new URL('../results/promises.json', import.meta.url);
const PACKAGES = ['express-session', 'connect-redis', 'connect-mongo', 'redis', 'mongodb'];

/** How often one peer broke in one case. */
export interface Outcome {
  readonly case: string;
  readonly library: string;
  readonly store: string;
  readonly broken: number;
  readonly rounds: number;
}

it('counts how often sessions break, by force, with each library on each store', async () => {
  const { peers, stop } = await startPeers();
  const outcomes: Outcome[] = [];
  try {
    for (const one of CASES) {
      for (const peer of peers) {
        outcomes.push(await count(one, peer));
      }
    }
  } finally {
    await stop();
  }
  const table = tableOf(CASES, outcomes);
  await writeFile(
    RESULTS,
    `${JSON.stringify({ machine: machineNow(), packages: await versionsOf(PACKAGES), outcomes }, null, 2)}\n`,
  );
  console.log(table);
  // What is promised is kept; a run in which it is not is no result but a defect.
  expect(outcomes.filter(({ library, broken }) => library === 'nest-sessions' && broken > 0)).toEqual([]);
});

async function count(one: Case, peer: Peer): Promise<Outcome> {
  const app = await startApp(peer.middleware);
  let broken = 0;
  try {
    for (let round = 0; round < one.rounds; round += one.together) {
      const keys = Array.from({ length: one.together }, (_, n) => `round${round + n}`);
      const answers = await Promise.all(keys.map((key) => one.run(app, peer, key)));
      broken += answers.filter(Boolean).length;
    }
  } catch (cause) {
    throw new Error(`${one.name}, ${peer.library}, ${peer.store}: round failed`, { cause });
  } finally {
    await app.close();
  }
  return { case: one.name, library: peer.library, store: peer.store, broken, rounds: one.rounds };
}
