/**
 * What is under way, and when nothing is any more. It counts: a set from which everything is soon removed makes a new table every few
 * entries, V8 lets each table lead to the next, and once one is old all that the later ones have held stays in memory with it
 * until a full collection (Node 20).
 */
export class InFlight {
  #count = 0;
  #waiting: (() => void)[] = [];

  readonly #ended = (): void => {
    this.#count--;
    if (this.#count === 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      waiting.forEach((resolve) => resolve());
    }
  };

  add(work: Promise<unknown>): void {
    this.#count++;
    work.then(this.#ended, this.#ended);
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#count > 0) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }
}
