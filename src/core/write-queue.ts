import type { Held } from './held.js';
import type { SessionId } from './record.js';

interface Line {
  /** Settles when the last writer in the line is done; never rejects. */
  tail: Promise<unknown>;
  /** What the last writer left stored, if it knows. */
  latest: Held | undefined;
  waiting: number;
}

/** A write in its turn: gets the record that the writer before it left, answers its result and what is stored now. */
export type Turn<T> = (latest: Held | undefined) => Promise<{ result: T; latest: Held | undefined }>;

/**
 * Lets the writers of one session id in this process go one after another, each starting from what the one before it
 * stored. Without it, n parallel writers of one record need n²/2 attempts at compare-and-swap.
 */
export class WriteQueue {
  readonly #lines = new Map<SessionId, Line>();

  async run<T>(id: SessionId, turn: Turn<T>): Promise<T> {
    const line = this.#lines.get(id) ?? { tail: Promise.resolve(), latest: undefined, waiting: 0 };
    this.#lines.set(id, line);
    const alone = line.waiting++ === 0;
    const mine = alone ? this.#take(line, turn) : line.tail.then(() => this.#take(line, turn));
    line.tail = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      if (--line.waiting === 0) {
        this.#lines.delete(id);
      }
    }
  }

  async #take<T>(line: Line, turn: Turn<T>): Promise<T> {
    const latest = line.latest;
    line.latest = undefined;
    const taken = await turn(latest);
    line.latest = taken.latest;
    return taken.result;
  }
}
