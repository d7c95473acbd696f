import { describe, expect, it } from 'vitest';
import { deferred } from '../../test/support/deferred.js';
import { settled } from '../../test/support/settled.js';
import { InFlight } from './in-flight.js';

/** Waits for it as shutdown does. */
function watched(inFlight: InFlight): { isOver: boolean; readonly promise: Promise<void> } {
  const state = { isOver: false, promise: inFlight.idle() };
  void state.promise.then(() => (state.isOver = true));
  return state;
}

describe('what is under way', () => {
  it('is waited for by all who ask, however it ends', async () => {
    const inFlight = new InFlight();
    await inFlight.idle();
    const one = deferred('one');
    const other = deferred('the other');
    inFlight.add(one.promise);
    inFlight.add(other.promise);
    const [first, second] = [watched(inFlight), watched(inFlight)];
    one.resolve();
    await settled();
    expect([first.isOver, second.isOver]).toEqual([false, false]);
    other.reject(new Error('it came to nothing'));
    await Promise.all([first.promise, second.promise]);
  });

  it('is waited for when it begins just as the last of the others ends', async () => {
    const inFlight = new InFlight();
    const first = deferred('the first');
    const second = deferred('the second');
    inFlight.add(first.promise);
    const idle = watched(inFlight);
    // Behind our own reaction to the end of the first.
    void first.promise.then(() => inFlight.add(second.promise));
    first.resolve();
    await settled();
    expect(idle.isOver).toBe(false);
    second.resolve();
    await idle.promise;
  });
});
