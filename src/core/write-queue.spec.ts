import { describe, expect, it } from 'vitest';
import { Held } from './held.js';
import type { SessionId, SessionRecord } from './record.js';
import { WriteQueue } from './write-queue.js';

const id = 'a' as SessionId;
const record = (fields: string) => Held.found(id, { fields } as SessionRecord, 0);

describe('the writers of one session', () => {
  it('go one after another, each from what the one before it left', async () => {
    const queue = new WriteQueue<Held>();
    const seen: (string | undefined)[] = [];
    const write = (text: string) =>
      queue.run(id, async (latest) => {
        seen.push(latest?.record.fields);
        await Promise.resolve();
        return { result: text, latest: record(text) };
      });
    expect(await Promise.all([write('1'), write('2'), write('3')])).toEqual(['1', '2', '3']);
    expect(seen).toEqual([undefined, '1', '2']);
  });

  it('go on after one that failed, which left nothing to start from', async () => {
    const queue = new WriteQueue<Held>();
    const failed = queue.run(id, () => Promise.reject(new Error('no')));
    const next = queue.run(id, async (latest) => ({ result: latest, latest: undefined }));
    await expect(failed).rejects.toThrow('no');
    await expect(next).resolves.toBeUndefined();
  });

  it('start afresh when the line was empty', async () => {
    const queue = new WriteQueue<Held>();
    await queue.run(id, async () => ({ result: 1, latest: record('old') }));
    await expect(
      queue.run(id, async (latest) => ({ result: latest, latest: undefined })),
    ).resolves.toBeUndefined();
  });
});
