import { gateOf } from './exchange.js';
import { boundListener, type Listener } from './failed-scope.js';
import type { GatedResponse } from './response-gate.types.js';

/**
 * Who waits for `drain` where a layer below the gate keeps such listeners to itself: compression gives them to a stream
 * of its own, which knows nothing of writes that were held above it.
 */
export class DrainListeners {
  #waiting: Listener[] = [];

  /** Takes note of them from now on, if the response has such a layer. */
  static ofLayerBelow(res: GatedResponse): DrainListeners | undefined {
    if (!Object.hasOwn(res, 'on')) {
      return undefined;
    }
    const listeners = new DrainListeners();
    const { on } = res;
    const noting = function (this: GatedResponse, type: string | symbol, listener: Listener): unknown {
      if (type !== 'drain' || gateOf(this)?.state === 'open') {
        return Reflect.apply(on, this, [type, listener]);
      }
      const bound = boundListener(this, type, listener, undefined);
      listeners.#waiting.push(bound);
      return Reflect.apply(on, this, [type, bound]);
    };
    Object.assign(res, { on: noting });
    return listeners;
  }

  /** Those whom the response's own event does not reach. */
  beyond(res: GatedResponse): Listener[] {
    const reached = new Set<unknown>(res.rawListeners('drain'));
    return this.#waiting.filter((listener) => !reached.has(listener));
  }

  /** Forgets them: from now on the layer below tells them itself. */
  clear(): void {
    this.#waiting = [];
  }
}
