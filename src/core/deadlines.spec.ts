import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadlines } from './deadlines.js';

describe('one limit of time for many calls', () => {
  let late: string[];
  let deadlines: Deadlines;
  const begin = (name: string) => deadlines.begin(() => late.push(name));
  beforeEach(() => {
    vi.useFakeTimers();
    late = [];
    deadlines = new Deadlines(100);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tells of each call when its own time is up', async () => {
    begin('first');
    await vi.advanceTimersByTimeAsync(60);
    begin('second');
    await vi.advanceTimersByTimeAsync(41);
    expect(late).toEqual(['first']);
    await vi.advanceTimersByTimeAsync(58);
    expect(late).toEqual(['first']);
    await vi.advanceTimersByTimeAsync(3);
    expect(late).toEqual(['first', 'second']);
  });

  it('tells nothing of a call that has ended, and everything of those around it', async () => {
    begin('first');
    const ended = begin('ended');
    begin('last');
    deadlines.end(ended);
    await vi.advanceTimersByTimeAsync(101);
    expect(late).toEqual(['first', 'last']);
  });

  it('runs one timer while calls come, and none when nobody waits any more', async () => {
    for (let n = 0; n < 50; n++) {
      deadlines.end(begin(`call ${n}`));
      expect(vi.getTimerCount()).toBe(1);
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(101);
    expect([late, vi.getTimerCount()]).toEqual([[], 0]);
  });

  it('keeps no request in memory that is over', async () => {
    vi.useRealTimers();
    const request = new AsyncLocalStorage<string>();
    const scopes: unknown[] = [];
    const short = new Deadlines(5);
    const begun = [request.run('the first', () => short.begin(() => scopes.push(request.getStore())))];
    while (scopes.length < 5) {
      begun.push(short.begin(() => scopes.push(request.getStore())));
      await sleep(2);
    }
    expect(new Set(scopes)).toEqual(new Set([undefined]));
    // Its timer is a real one, and would go on by the faked ones of the next test.
    for (const waiting of begun) {
      short.end(waiting);
    }
  });

  it('serves a call that begins when another one is told of', async () => {
    deadlines.begin(() => {
      late.push('outer');
      begin('inner');
    });
    await vi.advanceTimersByTimeAsync(101);
    expect([late, vi.getTimerCount()]).toEqual([['outer'], 1]);
    await vi.advanceTimersByTimeAsync(101);
    expect(late).toEqual(['outer', 'inner']);
  });
});
