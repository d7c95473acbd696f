import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasServer } from '../support/servers/has-server.js';

const WHAT = 'the bench of the stores';
const hasRedis = await hasServer('redis', WHAT);
const hasPostgres = await hasServer('postgres', WHAT);
const hasMongo = await hasServer('mongo', WHAT);

/** More than a loaded machine needs for the longest of them. */
const LIMIT_MS = 120_000;

let directory: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nest-sessions-bench-test-'));
});

afterAll(async () => {
  running.forEach((child) => child.kill('SIGKILL'));
  await rm(directory, { recursive: true });
});

/** Runs a bench with these settings and answers how it ended and what it saved. */
async function bench(
  script: string,
  settings: Record<string, string | undefined>,
  env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] },
) {
  const out = join(directory, `${Object.values(settings).join('-').replaceAll(/\W/g, '')}.json`);
  const child = spawn(process.execPath, ['--expose-gc', `bench/${script}`], {
    env: { ...env, OUT: out, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code]: (number | null)[] = await once(child, 'close');
  running.delete(child);
  const saved = existsSync(out) ? JSON.parse(await readFile(out, 'utf8')) : undefined;
  return { code, output, saved };
}

/** Every number in it, by the path to it. */
function numbersIn(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') {
    return [[path, value]];
  }
  return typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => numbersIn(inner, `${path}.${name}`))
    : [];
}

const soak = (settings: Record<string, string> = {}) =>
  bench('soak/run.mjs', {
    STORES: 'memory',
    SECONDS: '3',
    WARM_UP: '0',
    EVERY: '0.5',
    VISITORS: '9',
    QUIET: '0',
    ...settings,
  });

const fault = (name: string) => resolve(`test/support/soak-fault-${name}.fixture.mjs`);

describe.concurrent('the benches of scale, with tiny settings', () => {
  it('fill each cell', { timeout: LIMIT_MS }, async () => {
    const settings = { SESSIONS: '2000', ROUNDS: '1', OPERATIONS: '5', STORES: 'memory,lmdb' };
    const { code, output, saved } = await bench('scale/run.mjs', settings);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).not.toMatch(/NaN|undefined/);
    const { memory, flat, sweep, start } = saved;
    expect(memory).toMatchObject({
      count: 2_000,
      bytesHeldPerByteStored: { heapAndExternal: expect.any(Number), rss: expect.any(Number) },
      quiet: { readUs: { p99: expect.any(Number) }, replaceUs: { p99: expect.any(Number) } },
      whileSweeping: { readUs: { p99: expect.any(Number) }, replaceUs: { p99: expect.any(Number) } },
    });
    expect(memory.storedBytes).toBeGreaterThan(2_000 * 1_000);
    const cells = flat.map(({ store, operation, sessions }: Record<string, unknown>) =>
      [store, operation, sessions].join(' '),
    );
    expect(cells.toSorted()).toEqual(
      ['memory', 'lmdb']
        .flatMap((store) =>
          ['read', 'replace', 'touch', 'create and remove'].flatMap((operation) =>
            [2, 20, 200, 2_000].map((sessions) => [store, operation, sessions].join(' ')),
          ),
        )
        .toSorted(),
    );
    expect(sweep).toHaveLength(2 * 2 * 3);
    expect(start.rows).toHaveLength(2 * 2 * 3);
    expect(start.modules.own).toBeGreaterThan(10);
    const parts = { memory, flat, sweep, rows: start.rows };
    expect(numbersIn(parts).filter(([, number]) => !Number.isFinite(number))).toEqual([]);
    // JSON has no NaN; it would have become null.
    expect(JSON.stringify(parts)).not.toContain('null');
  });
});

describe.runIf(hasRedis && hasPostgres && hasMongo)('the bench of the stores, with tiny settings', () => {
  it('fills each cell', { timeout: LIMIT_MS }, async () => {
    const settings = { ROUNDS: '1', SLICE_MS: '40', WARM_UP_MS: '40', AT_ONCE: '3' };
    // Where the servers are may be in it.
    const { code, output, saved } = await bench('stores/run.mjs', settings, process.env);
    expect({ code, output }).toMatchObject({ code: 0 });
    const cells = saved.rows.map(({ store, operation }: Record<string, unknown>) => `${store} ${operation}`);
    expect(cells).toEqual(
      ['redis', 'mongo', 'postgres'].flatMap((store) => [`${store} read`, `${store} write`]),
    );
    for (const row of saved.rows) {
      for (const name of ['bare driver', 'nest-sessions', 'express-session']) {
        expect(row[name]).toMatchObject({ median: expect.any(Number) });
      }
    }
  });
});

describe.concurrent('the soak, with tiny settings', () => {
  it('passes', { timeout: LIMIT_MS }, async () => {
    const { code, output, saved } = await soak();
    expect({ code, output }).toMatchObject({ code: 0 });
    const [{ counts, samples, closed, problems }] = saved.results;
    expect(problems).toEqual([]);
    expect(counts.wrong).toBe(0);
    expect(Object.keys(counts.visits).length).toBeGreaterThan(3);
    expect(samples.length).toBeGreaterThan(1);
    expect(samples[0].resources).toHaveProperty('TCPServerWrap');
    expect(closed.resources).not.toHaveProperty('TCPServerWrap');
  });

  it.each([
    ['a timer is left', 'timer', /1 active Timeout.*the process did not end by itself/],
    ['an answer is wrong', 'answer', /wrong answers, first: .*somebody else/],
  ])('fails when %s', { timeout: LIMIT_MS }, async (_what, name, problem) => {
    const { code, saved } = await soak({ FAULT: fault(name) });
    expect(code).toBe(1);
    expect(saved.results[0].problems.join('; ')).toMatch(problem);
  });

  it.runIf(existsSync('/proc/self/fd'))(
    'fails when a descriptor is left',
    { timeout: LIMIT_MS },
    async () => {
      const { code, saved } = await soak({ FAULT: fault('descriptor') });
      expect(code).toBe(1);
      expect(saved.results[0].problems).toEqual([expect.stringMatching(/1 open .*soak-fault-descriptor/)]);
    },
  );
});
