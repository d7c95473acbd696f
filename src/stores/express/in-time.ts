import { timedOut } from '../../core/errors.js';

/** A call that is not answered within so many times its limit is taken for one that never will be. */
const HOPELESS = 10;

/**
 * What the work comes to, unless the store forgot it: some never answer, and nobody can wait for ever, nor count what is under way.
 *
 * @throws {SessionError} when it takes ten times as long as the limit, in milliseconds, of a call
 */
export function unlessForgotten<T>(limit: number, work: Promise<T>): Promise<T> {
  return inTime('a call to it', HOPELESS * limit, work);
}

/**
 * What the work comes to, if it does in time.
 *
 * @throws {SessionError} when it takes longer than so many milliseconds
 */
export async function inTime<T>(what: string, limit: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(timedOut(what, limit)), limit);
    timer.unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
