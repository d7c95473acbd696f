import { performance } from 'node:perf_hooks';
import { describe, expect, it, vi } from 'vitest';
import { Contest } from './contest.js';

const LOST = { what: 'Ada kept losing', fix: 'Let Eve win.' };

describe('a contest for a record', () => {
  it('goes on while there is time, and lets others have their turn', async () => {
    const contest = new Contest(60_000, LOST);
    const others = vi.fn();
    setImmediate(others);
    await contest.nextRound();
    expect(others).toHaveBeenCalledTimes(1);
    await contest.nextRound();
  });

  it('ends when the time is up, which began with it', async () => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(1_000);
    const contest = new Contest(250, LOST);
    now.mockReturnValue(1_250);
    await contest.nextRound();
    now.mockReturnValue(1_251);
    await expect(contest.nextRound()).rejects.toMatchObject({
      code: 'session_contention',
      message: expect.stringContaining('Ada kept losing for 250 ms. Let Eve win.'),
    });
    now.mockRestore();
  });
});
