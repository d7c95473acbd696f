import session from 'express-session';
import memorystore from 'memorystore';
import { describe, expect, it } from 'vitest';
import { MemorySessionStore } from '../stores/memory/memory.store.js';
import { assertStoreCan, checkStore } from './check-store.js';
import { SessionOptionsError } from './session-options.error.js';

const Lru = memorystore(session);

/** The class of another copy: the same methods, another identity. */
class Copy {
  readonly sessions = {};
  get(): void {}
  set(): void {}
  destroy(): void {}
}

describe('P11 a store made for express-session', () => {
  it.each([
    ["express-session's own MemoryStore", () => new session.MemoryStore()],
    ['one of another copy of express-session', () => new (class MemoryStore extends Copy {})()],
    ['memorystore without a max', () => new Lru({ checkPeriod: 1 })],
  ])('that keeps everything in memory is refused in production: %s', (_name, make) => {
    expect(() => checkStore(make(), true)).toThrow(/option "store": .*without limits.*max/);
    const store = make();
    expect(checkStore(store, false)).toBe(store);
  });

  it.each([
    ['memorystore with a max', () => new Lru({ max: 1_000 })],
    ['any other', () => ({ get() {}, set() {}, destroy() {}, sessions: {} })],
    [
      'one without a prototype',
      () => Object.assign(Object.create(null), { get() {}, set() {}, destroy() {} }),
    ],
  ])('that is limited is taken in production: %s', (_name, make) => {
    const store: unknown = make();
    expect(checkStore(store, true)).toBe(store);
  });
});

describe('a feature that not every store is able to', () => {
  it('is refused at boot, by the name of its option', () => {
    const weak = Object.assign(new MemorySessionStore(), { lacks: ['principal-index'] });
    expect(() => assertStoreCan('principal-index', weak, 'maxSessions')).toThrow(SessionOptionsError);
    expect(() => assertStoreCan('principal-index', weak, 'maxSessions')).toThrow(
      /option "maxSessions": .*list sessions by user.*nest-sessions\/redis/,
    );
    expect(() => assertStoreCan('many-processes', weak, 'cluster')).not.toThrow();
    expect(() => assertStoreCan('principal-index', new MemorySessionStore(), 'maxSessions')).not.toThrow();
  });
});
