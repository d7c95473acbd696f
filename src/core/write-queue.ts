import { SessionError } from './errors.js';
import type { SessionId } from './record.js';

interface Line<Latest> {
  /** Settles when the last writer in the line is done; never rejects. */
  tail: Promise<unknown>;
  /** What the last writer left stored, if it knows. */
  latest: Latest | undefined;
  waiting: number;
  /** What the store failed with, for those who were waiting then. */
  trouble: SessionError | undefined;
}

/** A write in its turn: gets what the writer before it left stored, answers its result and what is stored now. */
export type Turn<T, Latest> = (
  latest: Latest | undefined,
) => Promise<{ result: T; latest: Latest | undefined }>;

/**
 * Lets the writers of one session id in this process go one after another, each starting from what the one before it
 * stored. Without it, n parallel writers of one record need n²/2 attempts at compare-and-swap.
 */
export class WriteQueue<Latest> {
  readonly #lines = new Map<SessionId, Line<Latest>>();

  /**
   * Waits for its turn and takes it. When the store fails a writer, those who waited behind it fail with it: each would
   * have to wait as long again.
   */
  async run<T>(id: SessionId, turn: Turn<T, Latest>): Promise<T> {
    const line: Line<Latest> = this.#lines.get(id) ?? {
      tail: Promise.resolve(),
      latest: undefined,
      waiting: 0,
      trouble: undefined,
    };
    this.#lines.set(id, line);
    const alone = line.waiting++ === 0;
    const mine = alone ? this.#take(id, line, turn) : line.tail.then(() => this.#take(id, line, turn));
    line.tail = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      if (--line.waiting === 0 && this.#lines.get(id) === line) {
        this.#lines.delete(id);
      }
    }
  }

  async #take<T>(id: SessionId, line: Line<Latest>, turn: Turn<T, Latest>): Promise<T> {
    if (line.trouble !== undefined) {
      throw line.trouble;
    }
    const { latest } = line;
    line.latest = undefined;
    try {
      const taken = await turn(latest);
      line.latest = taken.latest;
      return taken.result;
    } catch (error) {
      if (error instanceof SessionError && error.code === 'session_unavailable') {
        line.trouble = error;
        // Who comes from now on has a line of its own.
        this.#lines.delete(id);
      }
      throw error;
    }
  }
}
