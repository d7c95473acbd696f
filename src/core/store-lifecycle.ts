import { askedAfterClose } from './asked-after-close.js';

/** How what a store works on, such as a table, is opened and closed. */
export interface StoreLifecycleParts<Opened extends object> {
  /** What errors call the store. */
  readonly store: string;
  /** Never called again before it has settled, nor after it has resolved. */
  readonly open: () => Promise<Opened>;
  /** Called once, when nothing is under way any more; without what was never opened. */
  readonly close: (opened: Opened | undefined) => Promise<void>;
}

/**
 * The life of what a store works on: opened by the first operation, and by the next one again where that failed; closed when
 * what is under way has finished. What comes after that is refused.
 */
export class StoreLifecycle<Opened extends object> {
  #opened: Opened | undefined;
  #opening: Promise<Opened> | undefined;
  #closing: Promise<void> | undefined;
  #underWay = 0;
  #whenQuiet: (() => void) | undefined;

  constructor(private readonly parts: StoreLifecycleParts<Opened>) {}

  /** Whether it was asked to close, so that what takes long should come to its end. */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /**
   * Runs an operation, at once on what is open. Each request waits for some of them, so that one costs no more than one
   * promise beside its own.
   *
   * @throws Error after {@link close}, or what opening or the operation rejects with
   */
  run<T>(work: (opened: Opened) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      return Promise.reject(askedAfterClose(this.parts.store));
    }
    try {
      const answer = this.#opened === undefined ? this.#open().then(work) : work(this.#opened);
      this.#underWay++;
      return answer.then(this.#resolved, this.#rejected);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Answers the same promise to everybody who asks. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#whenQuiet = resolve;
      });
    }
    await this.parts.close(this.#opened);
  }

  #open(): Promise<Opened> {
    this.#opening ??= this.parts.open().then(
      (opened) => {
        this.#opened = opened;
        return opened;
      },
      (error: unknown) => {
        // The next operation tries again: by then the server may be up, or the disk mounted.
        this.#opening = undefined;
        throw error;
      },
    );
    return this.#opening;
  }

  // Made once and not for each operation.
  readonly #resolved = <T>(answer: T): T => {
    this.#settled();
    return answer;
  };

  readonly #rejected = (error: unknown): never => {
    this.#settled();
    throw error;
  };

  #settled(): void {
    this.#underWay--;
    if (this.#underWay === 0) {
      this.#whenQuiet?.();
    }
  }
}
