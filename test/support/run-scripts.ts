import { fakeClock } from 'nest-sessions/testing';
import { expect } from 'vitest';
import { nestApp, type Script } from './nest-app.js';

/** Runs scripts one after another as one client and answers what each of them returned. */
export async function run(...scripts: Script[]) {
  const clock = fakeClock();
  const results: unknown[] = [];
  const app = await nestApp({
    options: { clock },
    scripts: Object.fromEntries(
      scripts.map((script, i): [string, Script] => [
        `${i}`,
        async (context) => void (results[i] = await script(context)),
      ]),
    ),
  });
  const client = app.client();
  for (const i of scripts.keys()) {
    const { status, text } = await client.read(`/${i}`);
    expect({ status, text }).toMatchObject({ status: 200 });
  }
  return { results, ...app, client, clock };
}

/** What a function or promise fails with. */
export async function failure(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return undefined;
}
