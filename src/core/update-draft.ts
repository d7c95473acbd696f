import { SessionError } from './errors.js';
import { draftOf, type FieldAccess } from './field-object.js';

/** Changes fields and answers something; it may run more than once. */
export type UpdateFunction<R> = (draft: Record<string, unknown>) => R;

/**
 * Runs the function given to `update()` on fields.
 *
 * @throws {SessionError} `session_update_async` when it answers a promise, `session_invalid_argument` when it is no function
 */
export function runUpdate<R>(update: UpdateFunction<R>, fields: FieldAccess): R {
  if (typeof update !== 'function') {
    throw new SessionError('session_invalid_argument', {
      what: 'What is to change the fields is no function.',
      fix: 'Give a function that changes the draft it gets.',
    });
  }
  const result = update(draftOf(fields));
  if (isThenable(result)) {
    // Its failure is not lost: the error that says why it must not be one goes out instead.
    Promise.resolve(result).catch(() => undefined);
    throw new SessionError('session_update_async', {
      what: 'The function given to update() answered a promise.',
      fix: 'Give it a synchronous function: it may run again, and other writers wait for it. Await before update().',
    });
  }
  return result;
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
