import { Operation } from './operation.js';

/** The operations of one request, one after another in the order they were started. */
export class OperationQueue {
  #tail: Promise<void> | undefined;
  #running = 0;
  readonly #failed: { readonly operation: Operation<unknown>; readonly error: unknown }[] = [];

  readonly #settled = (): void => {
    this.#running--;
  };

  /** Whether nothing is under way and nothing has failed. */
  get isQuiet(): boolean {
    return this.#running === 0 && this.#failed.length === 0;
  }

  run<T>(work: () => Promise<T>): Operation<T> {
    const before = this.#running === 0 ? undefined : this.#tail;
    const operation = new Operation<T>((resolve, reject) => {
      const start = before === undefined ? work() : before.then(work);
      start.then(resolve, reject);
    });
    this.#running++;
    this.#tail = operation.watch(this.#settled, (error) => {
      this.#failed.push({ operation, error });
      this.#settled();
    });
    return operation;
  }

  /** Lets what is started from now on wait for work that somebody else answers for. */
  hold(work: Promise<void>): void {
    this.#running++;
    this.#tail = work.then(this.#settled, this.#settled);
  }

  /** An operation that fails without having been tried; no failure of the response, which has been given already. */
  refuse<T>(error: Error): Operation<T> {
    const operation = new Operation<T>((_resolve, reject) => reject(error));
    void operation.settled;
    return operation;
  }

  /**
   * Waits until nothing is under way.
   *
   * Throws the error of an operation that was still running when the response was sent, or that nobody waits for: the
   * handler cannot have known of it.
   */
  async settle(): Promise<void> {
    const known = this.#failed.length;
    while (this.#running > 0) {
      await this.#tail;
    }
    const unseen = this.#failed[known] ?? this.#failed.find(({ operation }) => !operation.isObserved);
    this.#failed.length = 0;
    if (unseen !== undefined) {
      throw unseen.error;
    }
  }
}
