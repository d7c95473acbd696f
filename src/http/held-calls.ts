import { DrainListeners } from './drain-listeners.js';
import { callBack } from './gate-calls.js';
import type { GatedResponse, HeldCall } from './response-gate.types.js';

/** The calls on a response that wait for a commit, in their order, and the streams that wait for the drain. */
export class HeldCalls {
  #calls: HeldCall[] = [];
  readonly #drainListeners: DrainListeners | undefined;
  /** Whether a write was answered with false, and nobody but us can tell of the drain. */
  #needsDrain = false;

  constructor(
    private readonly res: GatedResponse,
    isLowest: boolean,
  ) {
    this.#drainListeners = isLowest ? undefined : DrainListeners.ofLayerBelow(res);
  }

  add(call: HeldCall): void {
    this.#needsDrain ||= call.name === 'write';
    this.#calls.push(call);
  }

  /** Makes the calls. When one throws, it and those behind it have not been made. */
  replay(make: (call: HeldCall) => unknown): void {
    const calls = this.#calls;
    let isFlowing = true;
    let made = 0;
    try {
      for (const call of calls) {
        const answer = make(call);
        made++;
        isFlowing = call.name === 'write' ? answer !== false : isFlowing;
      }
    } finally {
      this.#calls = calls.slice(made);
    }
    // Otherwise the response itself tells when it has room again.
    this.#needsDrain &&= isFlowing;
  }

  /** Tells those whose calls will not be made. */
  drop(error: unknown): void {
    this.#calls.forEach(({ args }) => callBack(args, error));
    this.#calls = [];
  }

  /** Tells a stream that waits since its write was held that it may go on. */
  tellDrain(): void {
    if (this.#needsDrain) {
      this.#needsDrain = false;
      const others = this.#drainListeners?.beyond(this.res) ?? [];
      this.res.emit('drain');
      others.forEach((listener) => Reflect.apply(listener, this.res, []));
    }
    this.#drainListeners?.clear();
  }
}
