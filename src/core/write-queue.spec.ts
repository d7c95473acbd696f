import { describe, expect, it } from 'vitest';
import { unavailable } from './errors.js';
import type { SessionId } from './record.js';
import { type Turn, WriteQueue } from './write-queue.js';

const id = 'a' as SessionId;

interface Write {
  readonly text: string;
  readonly resolve: (text: string) => void;
  readonly reject: (error: unknown) => void;
}

/** Answers each write by its own text, after a moment, and leaves the last one's stored. */
const storing: Turn<Write, string> = async (writes) => {
  await Promise.resolve();
  writes.forEach(({ text, resolve }) => resolve(text));
  return writes.at(-1)?.text;
};

/** A queue that takes note of its turns. */
function queueOf(turn: Turn<Write, string>, together = 1) {
  const turns: { texts: string[]; latest: string | undefined }[] = [];
  const queue = new WriteQueue<Write, string>((writes, latest) => {
    turns.push({ texts: writes.map(({ text }) => text), latest });
    return turn(writes, latest);
  }, together);
  const write = (text: string) =>
    new Promise<string>((resolve, reject) => queue.add(id, { text, resolve, reject }));
  return { queue, turns, write };
}

/** Fails the write of a text, and stores the others. */
const failing =
  (text: string, error: Error): Turn<Write, string> =>
  async (writes, latest) => {
    await Promise.resolve();
    if (writes.some((write) => write.text === text)) {
      throw error;
    }
    return storing(writes, latest);
  };

describe('the writers of one session', () => {
  it('go one after another, each from what the one before it left', async () => {
    const { turns, write } = queueOf(storing);
    expect(await Promise.all([write('1'), write('2'), write('3')])).toEqual(['1', '2', '3']);
    expect(turns).toEqual([
      { texts: ['1'], latest: undefined },
      { texts: ['2'], latest: '1' },
      { texts: ['3'], latest: '2' },
    ]);
  });

  it('go together where they have to wait, as many as may', async () => {
    const { turns, write } = queueOf(storing, 2);
    expect(await Promise.all(['1', '2', '3', '4'].map(write))).toEqual(['1', '2', '3', '4']);
    expect(turns.map(({ texts }) => texts)).toEqual([['1'], ['2', '3'], ['4']]);
  });

  it('go on after one that failed, which left nothing to start from', async () => {
    const { turns, write } = queueOf(failing('1', new Error('no')));
    const all = [write('1'), write('2')];
    await expect(all[0]).rejects.toThrow('no');
    await expect(all[1]).resolves.toBe('2');
    expect(turns[1]).toEqual({ texts: ['2'], latest: undefined });
  });

  it('fail with the one before when the store is in trouble; who comes later is tried', async () => {
    const { turns, write } = queueOf(failing('1', unavailable('replace', 'it is away')));
    const all = [write('1'), write('2'), write('3')];
    const settled = await Promise.allSettled(all);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(write('4')).resolves.toBe('4');
    expect(turns.map(({ texts }) => texts)).toEqual([['1'], ['4']]);
  });

  it('start afresh when the line was empty', async () => {
    const { queue, turns, write } = queueOf(storing);
    await write('1');
    await new Promise(setImmediate);
    expect(queue.isBusy(id)).toBe(false);
    await write('2');
    expect(turns[1]).toEqual({ texts: ['2'], latest: undefined });
  });
});
