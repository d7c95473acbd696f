import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { within } from '../support/within.js';

const FIXTURE = fileURLToPath(new URL('../support/lmdb-disk-full.fixture.mjs', import.meta.url));

let path: string;

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'nest-sessions-full-'));
});

afterEach(async () => {
  await rm(path, { recursive: true, force: true });
});

/** Runs the fixture with files limited to so many blocks of 512 bytes, as a full disk would. */
async function runLimited(blocks: number): Promise<{ code: number | null; output: string }> {
  const script = 'trap "" XFSZ; ulimit -f "$1"; exec "$2" "$3" "$4"';
  const child = spawn('sh', ['-c', script, 'sh', String(blocks), process.execPath, FIXTURE, path], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  try {
    const [code] = await within(60_000, () => `the process has not ended: ${output}`, once(child, 'close'));
    return { code, output };
  } finally {
    child.kill('SIGKILL');
  }
}

it.skipIf(process.platform === 'win32')(
  'P4 rejects what a full disk did not take, and goes on',
  async () => {
    const { code, output } = await runLimited(2_000);
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual({
      somethingStored: true,
      somethingRefused: true,
      message: expect.stringMatching(/could not commit.*nothing of it was stored/),
      hasCause: true,
      acknowledgedAllThere: true,
      refusedAllAbsent: true,
      readsAndRemoves: true,
      writesAgain: true,
    });
  },
  90_000,
);
