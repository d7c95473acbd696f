import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';
import type { Gate } from './response-gate.types.js';

/** Who answers for a gate whose commit failed. Calls from anywhere else are the handler's, and ignored. */
export const FAILED_SCOPE = new AsyncLocalStorage<Gate | undefined>();

/** Runs something that answers for no gate. */
export function outsideFailedScope<T>(work: () => T): T {
  return FAILED_SCOPE.getStore() === undefined ? work() : FAILED_SCOPE.run(undefined, work);
}

const BOUND = Symbol('nest-sessions.bound');

/** A listener; `listener` is there where it is the wrapper that `once()` makes of another. */
export interface Listener {
  (...args: unknown[]): void;
  readonly listener?: unknown;
  readonly [BOUND]?: true;
}

/**
 * The same listener, which runs in this scope whoever emits the event: a drain of the error response must not make the
 * handler's stream part of it, nor an event of the socket exclude the error's. It can be removed by the original.
 */
export function boundListener(
  emitter: EventEmitter,
  type: string | symbol,
  listener: Listener,
  scope: Gate | undefined,
): Listener {
  if (listener[BOUND] === true) {
    return listener;
  }
  const { listener: original } = listener;
  const bound: Listener = function (this: unknown, ...args: unknown[]) {
    if (original !== undefined) {
      emitter.removeListener(type, bound);
    }
    FAILED_SCOPE.run(scope, () => Reflect.apply(listener, this, args));
  };
  return Object.assign(bound, { listener: original ?? listener, [BOUND]: true } as const);
}
