import { within } from './within.js';

/** A promise that somebody else settles. */
export interface Deferred<T> {
  /** Waits for it, not for ever. */
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

/** Makes a promise that the test settles, or waits for, at most this long. */
export function deferred<T = void>(what: string, limitMs = 5_000): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => undefined);
  return {
    resolve,
    reject,
    get promise() {
      return within(limitMs, () => `there was not ${what}`, promise);
    },
  };
}
