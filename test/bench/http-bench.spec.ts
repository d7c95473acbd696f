import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from '../../bench/http/src/report/report.js';

const root = resolve(import.meta.dirname, '../..');
const lies = pathToFileURL(join(root, 'test/support/lying-variants.fixture.mjs')).href;
const run = promisify(execFile);
const SMALL = {
  ROUNDS: '2',
  SLICE_MS: '60',
  WARM_UP_MS: '60',
  SIZES: '1',
  CLIENTS: '2',
  MORE_VARIANTS: lies,
};

let results: string;

beforeAll(async () => {
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'bench/http'], {
    cwd: root,
  });
  results = await mkdtemp(join(tmpdir(), 'nest-sessions-results-'));
}, 120_000);

afterAll(() => rm(results, { recursive: true, force: true }));

/** Runs the bench as `npm run bench` does, after its build. */
async function bench(
  env: Record<string, string>,
  script = 'run.js',
): Promise<{ isFine: boolean; output: string }> {
  try {
    const { stdout } = await run(process.execPath, [`bench/http/dist/${script}`], {
      cwd: root,
      env: { ...process.env, ...SMALL, RESULTS: results, ...env },
      timeout: 100_000,
    });
    return { isFine: true, output: stdout };
  } catch (error) {
    return { isFine: false, output: String((error as { stderr?: unknown }).stderr) };
  }
}

describe('the HTTP bench', () => {
  it('tells where the CPU goes, with every answer checked', async () => {
    const env = { VARIANTS: 'nest-sessions, memory', SLICE_MS: '400', WARM_UP_MS: '400' };
    const { isFine, output } = await bench(env, 'profile/profile.js');
    expect(isFine).toBe(true);
    const [, ...figures] = /^\| nest-sessions: the session +\|(.*)\|(.*)\|$/m.exec(output) ?? [];
    expect(figures.map(Number)).toHaveLength(2);
    expect(Math.max(...figures.map(Number))).toBeGreaterThan(0);
    const lie = await bench({ VARIANTS: 'lying: a lost write' }, 'profile/profile.js');
    expect(lie.isFine).toBe(false);
  }, 60_000);

  it('measures every work with every variant that was chosen, and reports it', async () => {
    const ours = 'nest-sessions, memory';
    const theirs = 'express-session, MemoryStore';
    const { isFine, output } = await bench({
      VARIANTS: `${theirs};${ours};cookie-session;honest`,
      WORKS: 'read,write,unused,login',
      SIZES: '10',
    });
    expect(output).toContain('CPU added: read one field, 10 KB');
    expect(isFine).toBe(true);
    const report = JSON.parse(await readFile(join(results, 'http.json'), 'utf8')) as Report;
    const works = (name: string) =>
      report.rows.filter(({ variant }) => variant === name).map(({ work }) => work);
    const all = ['read', 'write', 'unused', 'login'];
    for (const name of ['no session', theirs, ours, 'honest']) {
      expect(works(name)).toEqual(all);
    }
    expect(works(`${ours}, lazy`)).toEqual(['unused']);
    for (const row of report.rows) {
      if (row.variant === 'cookie-session') {
        expect(row).toMatchObject({ verified: 0, misfit: expect.stringContaining('does not fit') });
        continue;
      }
      for (const figure of [row.cpu, row.perSecond]) {
        expect(figure.low).toBeGreaterThan(0);
        expect(figure.median).toBeGreaterThanOrEqual(figure.low);
        expect(figure.high).toBeGreaterThanOrEqual(figure.median);
      }
      expect(row.verified).toBeGreaterThan(0);
    }
    const ratio = report.rows.find(({ variant, work }) => variant === ours && work === 'read');
    expect(ratio?.peer).toBe(theirs);
    expect(ratio?.perSecondOfPeer?.median).toBeGreaterThan(0);
    expect(await readFile(join(results, 'http.md'), 'utf8')).toContain(`| ${ours} `);
  }, 120_000);

  it.concurrent.each([
    ["somebody else's field", 'read', /read one field, 1 KB: .*GET \/read .* answered 200 'mallory'/],
    ['an error now and then', 'read', /read one field, 1 KB: .*GET \/read .* answered 500 'too much'/],
    ['a connection that is cut', 'read', /read one field, 1 KB: .*the connection failed/],
    [
      'a lost write',
      'write',
      /write one field, 1 KB: .*GET \/note should have answered 200 'n\d+', .*'none'/,
    ],
    ['a logout that ends nothing', 'login', /login \+ logout, 1 KB: .*GET \/read .*'nobody', .*'client \d'/],
  ])(
    'fails for %s',
    async (lie, work, reason) => {
      const { isFine, output } = await bench({ VARIANTS: `lying: ${lie}`, WORKS: work });
      expect(isFine).toBe(false);
      expect(output).toMatch(new RegExp(`lying: ${lie}: ${reason.source}`));
    },
    60_000,
  );
});
