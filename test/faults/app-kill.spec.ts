import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { ChildApp } from '../support/child-app.js';
import { brokenPromises, comingAndGoing } from './coming-and-going.js';
import { Load } from './load.js';
import type { Visitor } from './visitor.js';

const FIXTURE = fileURLToPath(new URL('./app-process.fixture.mjs', import.meta.url));
const ROUNDS = 4;
const LANES = 10;

/** Starts the application on these sessions. */
async function start(path: string): Promise<{ child: ChildApp; url: string }> {
  const child = ChildApp.start(FIXTURE, { SESSIONS_PATH: path });
  onTestFinished(async () => {
    await child.stop();
  });
  const [, port] = await child.printedMatch(/^port (\d+)$/m);
  return { child, url: `http://127.0.0.1:${port}` };
}

it('P3 an application on LMDB that is killed under load has everything it acknowledged when it starts again', async () => {
  const path = await mkdtemp(join(tmpdir(), 'nest-sessions-app-kill-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  const visitors: Visitor[] = [];
  let { child, url } = await start(path);
  for (let round = 1; round <= ROUNDS; round++) {
    const load = new Load();
    onTestFinished(() => load.stop());
    for (let lane = 0; lane < LANES; lane++) {
      load.lane(comingAndGoing(url, visitors));
    }
    await load.succeeds(100 + 61 * round);
    await child.stop('SIGKILL');
    await load.stop();
    expect(load.answers.map(({ status }) => status).filter((status) => status !== 200)).toEqual([]);
    ({ child, url } = await start(path));
    expect(await brokenPromises(url, visitors)).toEqual([]);
  }
  expect(visitors.length).toBeGreaterThan(50);
  expect(visitors.some(({ state }) => state === 'gone')).toBe(true);
}, 120_000);
