import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { ChildApp } from '../support/child-app.js';
import { freePort } from '../support/servers/free-port.js';
import { compileRecipe, type Recipe } from '../support/worker-recipe.js';

const SECRET = '0123456789abcdef0123456789abcdef';

let recipe: Recipe;
beforeAll(async () => {
  recipe = await compileRecipe('docs/many-processes.md');
});
afterAll(() => recipe?.dispose());

/** Asks on a connection of its own, so that any worker may answer. */
async function ask(port: number, method: string, path: string, cookie = '') {
  const sent = request({
    host: '127.0.0.1',
    port,
    path,
    method,
    agent: false,
    headers: cookie === '' ? {} : { cookie },
    signal: AbortSignal.timeout(20_000),
  });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const set = response.headers['set-cookie']?.[0]?.split(';')[0];
  const isJson = response.headers['content-type']?.includes('json');
  const body = isJson ? ((await json(response)) as { visits?: number; process?: number }) : {};
  response.resume();
  return { status: response.statusCode, cookie: set, ...body };
}

/** Asks for /me until so many processes have answered. */
async function meet(port: number, cookie: string, count: number) {
  const answers: Awaited<ReturnType<typeof ask>>[] = [];
  const processes = () => [...new Set(answers.map((answer) => answer.process))];
  while (processes().length < count && answers.length < 400) {
    answers.push(await ask(port, 'GET', '/me', cookie));
  }
  return { answers, processes: processes() };
}

it('the program of docs/many-processes.md compiles', () => {
  expect(recipe.errors).toEqual([]);
});

it('P1 has workers that share the sessions, replaces one that dies, and ends them all at a signal', async () => {
  const port = await freePort();
  const app = ChildApp.start(recipe.main, {
    PORT: String(port),
    WORKERS: '4',
    SESSION_SECRET: SECRET,
    SESSION_PATH: join(recipe.directory, 'sessions'),
  });
  onTestFinished(async () => void (await app.stop().catch(() => undefined)));
  await vi.waitFor(async () => expect((await ask(port, 'GET', '/me')).status).toBe(401), {
    timeout: 30_000,
    interval: 100,
  });
  const { cookie = '' } = await ask(port, 'POST', '/login');
  const first = await meet(port, cookie, 4);
  expect(first.processes).toHaveLength(4);
  expect(first.answers.map(({ visits }) => visits)).toEqual(first.answers.map((_answer, index) => index + 1));

  const [victim] = first.processes;
  process.kill(victim!, 'SIGKILL');
  await vi.waitFor(() => expect(app.output).toContain(`Worker ${victim} ended (SIGKILL)`), {
    timeout: 20_000,
  });
  await vi.waitFor(
    async () => {
      const { processes } = await meet(port, cookie, 4);
      expect(processes.filter((pid) => pid !== undefined && !first.processes.includes(pid))).toHaveLength(1);
    },
    { timeout: 30_000, interval: 100 },
  );

  expect((await ask(port, 'POST', '/logout', cookie)).status).toBe(201);
  const after = await Promise.all(Array.from({ length: 20 }, () => ask(port, 'GET', '/me', cookie)));
  expect(after.map(({ status }) => status)).toEqual(after.map(() => 401));
  expect(await app.stop('SIGTERM', 30_000)).toEqual({ code: 0, signal: null });
}, 120_000);

it('ends by itself when its workers cannot start', async () => {
  const app = ChildApp.start(recipe.main, { PORT: '0', WORKERS: '2', SESSION_SECRET: 'short' });
  onTestFinished(async () => void (await app.stop().catch(() => undefined)));
  expect(await app.ending(60_000)).toEqual({ code: 1, signal: null });
  expect(app.output).toContain('secret');
}, 90_000);
