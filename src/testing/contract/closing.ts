import assert from 'node:assert/strict';
import { isSweeping } from '../../core/session-store.js';
import { changed, createRecord, createSessionId } from './records.js';
import type { ContractContext } from './subject.js';

/** How long a call on a closed store may take to end, in milliseconds. */
const BOUND = 10_000;

/** After close every call ends; it rejects where the store has closed what it works with. */
export function describeClosing({ runner, clause, rejectsAfterClose }: ContractContext): void {
  runner.describe('close', () => {
    clause('leaves no call hanging after it', async ({ store }) => {
      const id = createSessionId();
      const record = createRecord();
      await store.create(id, record);
      await store.close();
      const calls: Record<string, () => Promise<unknown>> = {
        read: () => store.read(id),
        readMany: () => store.readMany([id]),
        create: () => store.create(createSessionId(), createRecord()),
        replace: () => store.replace(id, changed(record), record.version),
        touch: () => store.touch(id, record.version, record.lastSeenAt + 1, record.expiresAt + 1),
        remove: () => store.remove(id),
        ...(isSweeping(store) ? { sweep: () => store.sweep(Date.now(), 1) } : {}),
      };
      for (const [name, call] of Object.entries(calls)) {
        const error = await failureOf(name, call);
        if (rejectsAfterClose) {
          assert.ok(error instanceof Error, `${name} after close must reject with an Error.`);
          assert.match(error.message, /clos/i, `${name} after close must say that the store is closed.`);
        }
      }
    });
  });
}

/** What the call rejected with, if it did. It must do either in time. */
async function failureOf(name: string, call: () => Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new assert.AssertionError({ message: `${name} after close did not end within ${BOUND} ms.` }));
    }, BOUND);
  });
  try {
    return await Promise.race([settled(call), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function settled(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
    return undefined;
  } catch (error) {
    return error;
  }
}
