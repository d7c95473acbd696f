import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deferred } from '../../test/support/deferred.js';
import { SweepTimer } from './sweep-timer.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the timer of a sweep', () => {
  it('sweeps at each interval while it runs, however often it was started', async () => {
    const sweep = vi.fn(() => Promise.resolve());
    const timer = new SweepTimer(10, sweep);
    await vi.advanceTimersByTimeAsync(20);
    expect(sweep).not.toHaveBeenCalled();
    timer.start();
    timer.start();
    await vi.advanceTimersByTimeAsync(30);
    expect(sweep).toHaveBeenCalledTimes(3);
    timer.stop();
    await vi.advanceTimersByTimeAsync(30);
    expect(sweep).toHaveBeenCalledTimes(3);
  });

  it('begins no sweep while another one is under way', async () => {
    const first = deferred('the end of the first sweep');
    const sweep = vi.fn(() => first.promise);
    const timer = new SweepTimer(10, sweep);
    timer.start();
    await vi.advanceTimersByTimeAsync(50);
    expect(sweep).toHaveBeenCalledTimes(1);
    first.resolve();
    await vi.advanceTimersByTimeAsync(10);
    expect(sweep).toHaveBeenCalledTimes(2);
    timer.stop();
  });

  it('goes on after a sweep that failed', async () => {
    const sweep = vi.fn(() => Promise.reject(new Error('down')));
    const timer = new SweepTimer(10, sweep);
    timer.start();
    await vi.advanceTimersByTimeAsync(20);
    expect(sweep).toHaveBeenCalledTimes(2);
    timer.stop();
  });

  it('keeps no process alive', () => {
    const timers = vi.spyOn(globalThis, 'setInterval');
    const timer = new SweepTimer(10, () => Promise.resolve());
    timer.start();
    const [made] = timers.mock.results;
    expect(made).toMatchObject({ type: 'return', value: { hasRef: expect.any(Function) } });
    expect(made?.value.hasRef()).toBe(false);
    timer.stop();
    timers.mockRestore();
  });
});
