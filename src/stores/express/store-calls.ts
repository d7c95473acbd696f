import type { ExpressSessionStore } from '../../core/express-session-store.js';
import { storeError } from './store-error.js';

/** The callback of a store's method. */
type Answer = (error?: unknown, answer?: unknown) => void;

/**
 * The methods of a store made for express-session as promises. The first answer counts: stores call back twice, never, throw
 * at once, or return a promise that is rejected. A promise that resolves is no answer: some resolve when they have only begun.
 */
export class StoreCalls {
  constructor(private readonly store: ExpressSessionStore) {}

  /** What is stored; undefined when there is nothing, or nothing that can be read. */
  async get(id: string): Promise<unknown> {
    try {
      return await answerOf((callback) => this.store.get(id, callback));
    } catch (error) {
      if (isAbsence(error)) {
        return undefined;
      }
      throw storeError(error, id);
    }
  }

  async set(id: string, object: object): Promise<void> {
    await told(
      answerOf((callback) => this.store.set(id, object, callback)),
      id,
    );
  }

  async destroy(id: string): Promise<void> {
    await told(
      answerOf((callback) => this.store.destroy(id, callback)),
      id,
    );
  }

  /** A method that only some stores have, such as `all`; undefined where this one has not. */
  optional(name: string): (() => Promise<unknown>) | undefined {
    const method: unknown = Reflect.get(this.store, name);
    return typeof method === 'function'
      ? () => told(answerOf((callback) => Reflect.apply(method, this.store, [callback])))
      : undefined;
  }
}

async function told<T>(answer: Promise<T>, id?: string): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw storeError(error, id);
  }
}

function answerOf(call: (callback: Answer) => unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const returned = call((error, answer) => {
      if (error) {
        reject(error);
      } else {
        resolve(answer);
      }
    });
    if (isThenable(returned)) {
      returned.then(undefined, reject);
    }
  });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** The system calls that look for a session's file. */
const FILE_CALLS: ReadonlySet<unknown> = new Set(['open', 'stat', 'lstat', 'access']);

/**
 * A missing file is a missing session, as for express-session; a text that is no JSON is a corrupt one. A database whose socket
 * is missing has the same code, and is in trouble.
 */
function isAbsence(error: unknown): boolean {
  if (error instanceof SyntaxError) {
    return true;
  }
  const { code, syscall }: { code?: unknown; syscall?: unknown } = Object(error);
  return code === 'ENOENT' && (syscall === undefined || FILE_CALLS.has(syscall));
}
