import { inspect } from 'node:util';
import { expect, vi } from 'vitest';
import type { FaultApp } from './fault-app.js';
import { Visitor } from './visitor.js';

/** The log tells of trouble at most this often, in milliseconds. */
const TROUBLE_EVERY = 10_000;
const BATCHES = 4;
const ABREAST = 3;

/** What is asked for in trouble, and what is to be said of it. */
export interface Trouble {
  /** A request that needs the store to do what it cannot. */
  ask(): Promise<{ status: number; text?: string }>;
  /** What a line of the log itself says is wrong, whether or not the log shows the error too. */
  readonly says: RegExp;
  /** What it must not say. */
  readonly secrets?: readonly string[];
  /** How many lines the log had before the trouble began. @default 0 */
  readonly linesBefore?: number;
}

/**
 * Proves what an application does while its store is in trouble: pages that need no session answer, those that do get a 503,
 * the log has one line about it that says what is wrong, not one a request, and neither has a secret.
 */
export async function expectContained(app: FaultApp, trouble: Trouble): Promise<void> {
  const { ask, says, secrets = [], linesBefore = 0 } = trouble;
  const from = performance.now();
  const answers: Awaited<ReturnType<Trouble['ask']>>[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    answers.push(...(await Promise.all(Array.from({ length: ABREAST }, () => ask()))));
  }
  expect((await new Visitor(app.url).get('/plain')).status).toBe(200);

  const lines = () => app.log.errors.slice(linesBefore);
  // A busy machine may first have been told of an answer that did not come in time; then the next line says more.
  await vi.waitFor(
    async () => {
      answers.push(await ask());
      expect(lines().map(({ message }) => message)).toContainEqual(expect.stringMatching(says));
    },
    { timeout: 30_000, interval: 500 },
  );
  expect(lines().length).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - from) / TROUBLE_EVERY));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
  // A log may show the errors whole.
  const depth = Number.POSITIVE_INFINITY;
  const log = inspect(app.log, { depth, showHidden: true, maxStringLength: null });
  for (const secret of secrets) {
    expect(log.includes(secret), 'a secret in the log').toBe(false);
    expect(
      answers.some(({ text }) => text?.includes(secret)),
      'a secret in a response',
    ).toBe(false);
  }
}
