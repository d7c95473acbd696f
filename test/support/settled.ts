import { setImmediate } from 'node:timers/promises';

/**
 * Lets everything run that can run without an answer from outside. For showing that something does not happen; what
 * must happen is waited for.
 */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await setImmediate();
  }
}
