/**
 * The promise of a session operation that knows whether anybody waits for it. A failure that nobody waits for (a bare
 * `logout()`) must still stop the response from claiming success.
 *
 * It is a subclass because `await` looks up `then` on those only.
 */
export class Operation<T> extends Promise<T> {
  #isObserved = false;
  /** Where this one's outcome comes from, if it only gives it on. */
  #source: Operation<T> | undefined;

  /** Whether anybody waits for it. */
  get isObserved(): boolean {
    return this.#isObserved;
  }

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- noticing who waits is what this class is for
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    for (let at: Operation<T> | undefined = this; at !== undefined; at = at.#source) {
      at.#isObserved = true;
    }
    return super.then(onFulfilled, onRejected);
  }

  /** The same outcome with another error; who waits for it waits for this one. */
  mapError(map: (error: unknown) => unknown): Operation<T> {
    const mapped = new Operation<T>((resolve, reject) => {
      void this.watch(resolve, (error) => reject(map(error)));
    });
    mapped.#source = this;
    void mapped.settled;
    return mapped;
  }

  /** Resolves when it is over, well or not. */
  get settled(): Promise<void> {
    return this.watch(ignore, ignore);
  }

  /** Waits without counting as somebody who does; also keeps a rejection from being an unhandled one. */
  watch(onFulfilled: (value: T) => void, onRejected: (error: unknown) => void): Promise<void> {
    return super.then(onFulfilled, onRejected);
  }
}

function ignore(): void {}
