/** Sweeps at intervals, one sweep at a time, for as long as something else keeps the process alive. */
export class SweepTimer {
  #timer: NodeJS.Timeout | undefined;
  #isSweeping = false;

  /** @param interval milliseconds; where a sweep takes longer, the next one begins with the first interval that is whole after it */
  constructor(
    private readonly interval: number,
    private readonly sweep: () => Promise<unknown>,
  ) {}

  /** May be called again while it runs. */
  start(): void {
    this.#timer ??= setInterval(() => void this.#sweepAlone(), this.interval).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #sweepAlone(): Promise<void> {
    if (this.#isSweeping) {
      return;
    }
    this.#isSweeping = true;
    try {
      await this.sweep();
    } catch {
      // Nobody waits for this. What fails here fails for the next request as well, and is reported there; the timer
      // tries again.
    } finally {
      this.#isSweeping = false;
    }
  }
}
