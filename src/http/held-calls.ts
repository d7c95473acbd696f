import { DrainListeners } from './drain-listeners.js';
import { callBack } from './gate-calls.js';
import type { GatedResponse, HeldCall } from './response-gate.types.js';

/** The calls on a response that wait for a commit, in their order, and the streams that wait for the drain. */
export class HeldCalls {
  readonly #calls: HeldCall[] = [];
  readonly #drainListeners: DrainListeners | undefined;
  /** Whether a write was answered with false, and nobody but us can tell of the drain. */
  #needsDrain = false;

  constructor(private readonly res: GatedResponse) {
    this.#drainListeners = DrainListeners.ofLayerBelow(res);
  }

  add(call: HeldCall): void {
    this.#needsDrain ||= call.name === 'write';
    this.#calls.push(call);
  }

  /** Makes the calls. When one throws, it and those behind it have not been made. */
  replay(make: (call: HeldCall) => unknown): void {
    let isFlowing = true;
    for (let call = this.#calls[0]; call !== undefined; call = this.#calls[0]) {
      const answer = make(call);
      this.#calls.shift();
      isFlowing = call.name === 'write' ? answer !== false : isFlowing;
    }
    // Otherwise the response itself tells when it has room again.
    this.#needsDrain &&= isFlowing;
  }

  /** Tells those whose calls will not be made. */
  drop(error: unknown): void {
    this.#calls.splice(0).forEach(({ args }) => callBack(args, error));
  }

  /** Tells a stream that waits since its write was held that it may go on. */
  tellDrain(): void {
    if (this.#needsDrain) {
      this.#needsDrain = false;
      this.res.emit('drain');
      this.#drainListeners?.tell(this.res);
    }
    this.#drainListeners?.clear();
  }
}
