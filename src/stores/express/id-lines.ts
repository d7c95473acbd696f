import { performance } from 'node:perf_hooks';
import { timedOut } from '../../core/errors.js';
import { unlessForgotten } from './in-time.js';

/** One turn at an id. */
export class Turn {
  /** Set when the line went on without it: whatever it still does must not count. */
  isOvertaken = false;
  /** Called when that happens. */
  onOvertaken: (() => void) | undefined;

  constructor(readonly limit: number) {}

  /** @throws {SessionError} when the line went on without this turn */
  assertCurrent(): void {
    if (this.isOvertaken) {
      throw timedOut('a call to it', this.limit);
    }
  }

  overtake(): void {
    this.isOvertaken = true;
    this.onOvertaken?.();
  }
}

/** Who waits for an id. */
interface Line {
  /** Resolves when the last in the line is done or was overtaken; never rejects. */
  tail: Promise<unknown>;
  size: number;
}

/**
 * Lets those who work on one id go one after another. Nobody is waited for longer than the limit: stores forget to answer. Who
 * had to wait that long for its turn does not take it, for nobody waits for what it would do. Work that never ends fails in the end,
 * long after it was overtaken.
 */
export class IdLines {
  readonly #lines = new Map<string, Line>();
  #barrier: Promise<unknown> = Promise.resolve();

  async run<T>(id: string, limit: number, work: (turn: Turn) => Promise<T>): Promise<T> {
    const line = this.#lines.get(id) ?? { tail: Promise.resolve(), size: 0 };
    this.#lines.set(id, line);
    line.size++;
    const called = performance.now();
    const before = Promise.all([line.tail, this.#barrier]);
    const turn = new Turn(limit);
    const done = before.then(() => {
      if (performance.now() - called > limit) {
        throw timedOut('an earlier call for the same session', limit);
      }
      return work(turn);
    });
    line.tail = before.then(() => endOf(done, turn));
    try {
      return await unlessForgotten(limit, done);
    } finally {
      if (--line.size === 0) {
        this.#lines.delete(id);
      }
    }
  }

  /** Works on all ids at once: what was begun before ends before, what comes later waits. */
  runAlone<T>(limit: number, work: () => Promise<T>): Promise<T> {
    const before = Promise.all([this.#barrier, ...[...this.#lines.values()].map(({ tail }) => tail)]);
    const done = before.then(work);
    this.#barrier = before.then(() => endOf(done, new Turn(limit)));
    return done;
  }
}

/** Resolves when the work has ended, or when it was waited for long enough. */
function endOf(work: Promise<unknown>, turn: Turn): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => {
      turn.overtake();
      resolve();
    }, turn.limit);
    late.unref();
    const ended = () => {
      clearTimeout(late);
      resolve();
    };
    work.then(ended, ended);
  });
}
