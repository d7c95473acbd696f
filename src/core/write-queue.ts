import { SessionError } from './errors.js';
import type { SessionId } from './record.js';
import { started } from './started.js';

/** A write that waits for its turn, and who waits for it. */
export interface QueuedWrite {
  readonly reject: (error: unknown) => void;
}

/**
 * Makes one or more writes to a session in one go, given what those before them left stored, if that is known. It answers what
 * is stored now, and settles each of them; what it throws fails those that it has not settled.
 */
export type Turn<Write, Latest> = (
  writes: readonly [Write, ...Write[]],
  latest: Latest | undefined,
) => Promise<Latest | undefined>;

/**
 * Lets the writers of one session id in this process go one after another, each starting from what the one before it
 * stored. Without it, n parallel writers of one record need n²/2 attempts at compare-and-swap.
 */
export class WriteQueue<Write extends QueuedWrite, Latest> {
  /**
   * Who waits for which session, in the order they came; there is a line while somebody has the turn. What V8 may keep of a map from
   * which all is soon removed (see `InFlight`) are ids and empty lists.
   */
  readonly #lines = new Map<SessionId, Write[]>();

  /** @param together the most writes that take a turn at once */
  constructor(
    private readonly turn: Turn<Write, Latest>,
    private readonly together: number,
  ) {}

  /** Whether a write would have to wait. */
  isBusy(id: SessionId): boolean {
    return this.#lines.has(id);
  }

  /** Makes a write: at once, or when its turn comes. */
  add(id: SessionId, write: Write): void {
    const line = this.#lines.get(id);
    if (line !== undefined) {
      line.push(write);
      return;
    }
    const own: Write[] = [];
    this.#lines.set(id, own);
    this.#serve(id, own, [write], undefined);
  }

  // No async function: most lines are served by one turn, and each promise costs about as much as all the rest of it.
  #serve(id: SessionId, line: Write[], writes: [Write, ...Write[]], latest: Latest | undefined): void {
    // What is thrown must not leave the line standing for ever.
    started(() => this.turn(writes, latest)).then(
      (stored) => this.#serveNext(id, line, stored),
      (error: unknown) => {
        fail(writes, error);
        if (isTrouble(error)) {
          // Each of those who wait would have to wait as long again. Who comes from now on has a line of its own.
          fail(line.splice(0), error);
        }
        this.#serveNext(id, line, undefined);
      },
    );
  }

  #serveNext(id: SessionId, line: Write[], latest: Latest | undefined): void {
    const next = line.shift();
    if (next === undefined) {
      this.#lines.delete(id);
    } else {
      this.#serve(id, line, [next, ...line.splice(0, this.together - 1)], latest);
    }
  }
}

function fail(writes: readonly QueuedWrite[], error: unknown): void {
  for (const { reject } of writes) {
    reject(error);
  }
}

function isTrouble(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'session_unavailable';
}
