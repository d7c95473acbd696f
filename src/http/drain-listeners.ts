import type { GatedResponse } from './response-gate.types.js';

type Listener = () => void;

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
      if (type === 'drain') {
        listeners.#waiting.push(listener);
      }
      return Reflect.apply(on, this, [type, listener]);
    };
    Object.assign(res, { on: noting });
    return listeners;
  }

  /** Calls those whom the response's own event does not reach. */
  tell(res: GatedResponse): void {
    const reached = new Set<unknown>(res.rawListeners('drain'));
    for (const listener of this.#waiting.filter((one) => !reached.has(one))) {
      Reflect.apply(listener, res, []);
    }
  }

  /** Forgets them: from now on the layer below tells them itself. */
  clear(): void {
    this.#waiting = [];
  }
}
