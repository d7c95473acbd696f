import type { SessionStore } from 'nest-sessions';
import { deferred } from './deferred.js';

const CALLS = new Set<string | symbol>(['read', 'readMany', 'create', 'replace', 'touch', 'remove']);

/** What happens at a call: before it, in its place, or to its answer. */
export type AtCall = (work: () => Promise<unknown>) => Promise<unknown>;

/** A store as one process sees it, of which the test counts the calls and changes one. */
export interface SteppedStore {
  readonly store: SessionStore;
  /** The calls since the last {@link SteppedStore.at}. */
  readonly calls: readonly string[];
  /** From now on calls are counted, and the one with this number, from 0 on, is treated so. */
  at(number: number, behave: AtCall): void;
  /** From now on nothing of this process reaches the store after so many calls. Resolves when that is so. */
  dieAfter(number: number): Promise<void>;
}

/** A store in which one call of one process is special, whatever the store is. */
export function steppedStore(inner: SessionStore): SteppedStore {
  let calls: string[] = [];
  let special: { number: number; behave: AtCall; isLast: boolean } | undefined;
  const store = new Proxy(inner, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') {
        return value;
      }
      return (...args: unknown[]): unknown => {
        const work = () => Reflect.apply(value, target, args);
        if (!CALLS.has(name)) {
          return work();
        }
        const number = calls.push(String(name)) - 1;
        const isSpecial =
          special !== undefined && (number === special.number || (special.isLast && number > special.number));
        return isSpecial ? special?.behave(work) : work();
      };
    },
  });
  return {
    store,
    get calls() {
      return calls;
    },
    at(number, behave) {
      calls = [];
      special = { number, behave, isLast: false };
    },
    dieAfter(number) {
      const dead = deferred(`call ${number} of a process that dies`);
      calls = [];
      special = {
        number,
        isLast: true,
        behave: () => {
          dead.resolve();
          return new Promise(() => undefined);
        },
      };
      return dead.promise;
    },
  };
}
