import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ChildApp } from '../support/child-app.js';
import { CookieClient } from '../support/http-server.js';
import { ADA } from '../support/login-sample.js';
import { makeDataDir, runStores, type SampleEnvironment } from '../support/sample-stores.js';
import { freePort } from '../support/servers/free-port.js';
import { stillLiving } from '../support/servers/process-tree.js';

const LIMIT_MS = 15_000;

let dataDir: string;
let port: number;
let started: ChildApp[];

beforeEach(async () => {
  [dataDir, port] = await Promise.all([makeDataDir(), freePort(1)]);
  started = [];
});
afterEach(async () => {
  await Promise.all(started.map((app) => app.stop('SIGKILL')));
  await rm(dataDir, { recursive: true, force: true });
});

function start(script: 'main.js' | 'both.js', environment: SampleEnvironment = {}): ChildApp {
  const app = runStores(script, { PORT: String(port), DATA_DIR: dataDir, ...environment });
  started.push(app);
  return app;
}

/** One that has ended and is not collected yet does not run. */
function isRunning(pid: number): boolean {
  return stillLiving([pid]).length > 0;
}

describe('both processes of sample/02-stores', { timeout: 60_000 }, () => {
  const url = (which: 0 | 1) => `http://localhost:${port + which}`;

  async function startBoth() {
    const app = start('both.js');
    await app.printedMatch(/Stop with Ctrl\+C/, 30_000);
    const pids = [...app.output.matchAll(/\(process (\d+)\)/g)].map(([, pid]) => Number(pid));
    expect(pids).toHaveLength(2);
    expect(pids.map(isRunning)).toEqual([true, true]);
    return { app, pids };
  }

  it('are told once: what to open, whom to log in as, which store, what to try', async () => {
    const { app } = await startBoth();
    expect(app.output).toContain(`http://localhost:${port} `);
    expect(app.output).toContain(`http://localhost:${port + 1} `);
    expect(app.output).toContain('kept in LMDB files (STORE=lmdb)');
    expect(app.output).toContain(`Log in on ${port}, open ${port + 1}`);
    expect(app.output.match(/Stop with Ctrl\+C/g)).toHaveLength(1);

    const browser = new CookieClient(url(0));
    await browser.fetch('/login', { method: 'POST', body: new URLSearchParams(ADA) });
    expect((await browser.read(`${url(1)}/admin`)).status).toBe(200);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('end together on %s', async (signal) => {
    const { app, pids } = await startBoth();
    expect(await app.stop(signal, LIMIT_MS)).toEqual({ code: null, signal });
    expect(pids.map(isRunning)).toEqual([false, false]);
    expect(app.output).not.toMatch(/error|has ended/i);
  });

  it('end by themselves when what started them is killed', async () => {
    const { app, pids } = await startBoth();
    await app.stop('SIGKILL', LIMIT_MS);
    await vi.waitFor(() => expect(pids.map(isRunning)).toEqual([false, false]), { timeout: LIMIT_MS });
  });

  it('do not need one another', async () => {
    const { app, pids } = await startBoth();
    process.kill(pids[0]!, 'SIGKILL');
    await app.printedMatch(new RegExp(`on port ${port} has ended\\. The other one goes on\\.`));
    expect((await new CookieClient(url(1)).read('/')).status).toBe(200);

    process.kill(pids[1]!, 'SIGKILL');
    await app.ending();
    expect(app.output).toMatch(new RegExp(`on port ${port + 1} has ended\\.$`, 'm'));
  });

  it('do not start at all when the second port is taken', async () => {
    const other = createServer().listen(port + 1);
    await once(other, 'listening');
    try {
      const app = start('both.js');
      expect(await app.ending(30_000)).toEqual({ code: 1, signal: null });
      expect(app.output.trim()).toBe(
        `Port ${port + 1} is taken by another program. Stop it, or choose another one with PORT.`,
      );
      await expect(fetch(url(0))).rejects.toThrow('fetch failed');
    } finally {
      other.close();
    }
  });
});

describe('starting sample/02-stores', { timeout: 60_000 }, () => {
  /** What it prints when it cannot start; it has to end by itself. */
  async function refusal(script: 'main.js' | 'both.js', environment: SampleEnvironment): Promise<string> {
    const app = start(script, environment);
    expect(await app.ending(30_000)).toEqual({ code: 1, signal: null });
    return app.output.trim();
  }

  it.each(['main.js', 'both.js'] as const)(
    'says in one line which stores there are when STORE is none (%s)',
    async (script) => {
      expect(await refusal(script, { STORE: 'mysql' })).toBe(
        "STORE is 'mysql', which is none of lmdb, redis, mongo, postgres, connect-redis, connect-mongo, cookie.",
      );
    },
  );

  it.each([
    ['redis', 'Redis', 'REDIS_URL', 'redis:'],
    ['connect-redis', 'Redis', 'REDIS_URL', 'redis:'],
    ['mongo', 'MongoDB', 'MONGODB_URL', 'mongodb:'],
    ['connect-mongo', 'MongoDB', 'MONGODB_URL', 'mongodb:'],
    ['postgres', 'PostgreSQL', 'POSTGRES_URL', 'postgres:'],
  ])(
    'STORE=%s: says so in one line, once, when the server is not there',
    async (store, name, variable, scheme) => {
      const nowhere = `${scheme}//someone:p4ssw0rd@127.0.0.1:${await freePort()}`;
      const output = await refusal('both.js', { STORE: store, [variable]: nowhere });
      expect(output).toMatch(
        new RegExp(`^${name} cannot be used \\(.+\\)\\. Start it, or say where it is with ${variable};.+$`),
      );
      expect(output).not.toContain('p4ssw0rd');
    },
  );

  it.each([
    ['redis', 'REDIS_URL'],
    ['mongo', 'MONGODB_URL'],
  ])(
    'STORE=%s: says so in one line when the address is none, and does not print it',
    async (store, variable) => {
      const output = await refusal('main.js', {
        STORE: store,
        [variable]: 'htp://someone:p4ssw0rd@nowhere:x',
      });
      expect(output).toMatch(new RegExp(`^${variable} is no address that can be used\\. It looks like .+$`));
      expect(output).not.toContain('p4ssw0rd');
    },
  );
});
