import { expect, it } from 'vitest';
import { fakeClock } from './fake-clock.js';

it('stands still until it is moved', () => {
  const clock = fakeClock(1_000);
  expect([clock.now(), clock.now()]).toEqual([1_000, 1_000]);
  clock.advance(500);
  expect(clock.now()).toBe(1_500);
  clock.set(10);
  expect(clock.now()).toBe(10);
});

it('starts at the same time in every run', () => {
  expect(new Date(fakeClock().now()).toISOString()).toBe('2026-01-01T00:00:00.000Z');
});
