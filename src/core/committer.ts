import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from './clock.js';
import { SessionError } from './errors.js';
import type { ExpiredSessions } from './expired-sessions.js';
import { NO_FIELDS } from './field-texts.js';
import type { Forwards } from './forwards.js';
import type { Held } from './held.js';
import { isOverAt } from './lifetime.js';
import type { RecordMaker } from './record-maker.js';
import type { SessionId } from './record.js';
import type { ChangeOf, SessionChange } from './session-backend.js';
import type { StoreGateway } from './store-gateway.js';
import type { RandomSource } from './token.js';
import { WriteQueue } from './write-queue.js';

/** What commits are made with and within. */
export interface CommitterParts {
  readonly gateway: StoreGateway;
  readonly records: RecordMaker;
  readonly forwards: Forwards;
  readonly expired: ExpiredSessions;
  readonly random: RandomSource;
  readonly clock: Clock;
  /** Milliseconds after which a commit that keeps losing to others gives up. */
  readonly operationTimeout: number;
}

/** The most commits that one write carries; their functions run one after another, and nothing else meanwhile. */
const TOGETHER = 100;

/** One commit that waits, and what became of it. */
interface Job {
  readonly held: Held;
  readonly changeOf: ChangeOf;
  /** The session after its change and before the next one's. */
  after?: Held;
  outcome?: { readonly held: Held | undefined } | { readonly error: unknown };
}

/**
 * Brings changes to the store, on top of what is stored there. Commits of one session wait for one another within this
 * process, and those that wait go together: each change on top of the one before, all of them in one write. So a process
 * with many of them is done soon, and lets others to the session.
 */
export class Committer {
  readonly #queue = new WriteQueue<Held>();
  /** Who waits for which session, in the order they came. */
  readonly #waiting = new Map<SessionId, Set<Job>>();

  constructor(private readonly parts: CommitterParts) {}

  /** Makes a change durable. Undefined when the session is gone. */
  async commit(held: Held, changeOf: Job['changeOf']): Promise<Held | undefined> {
    const { id } = held;
    const job: Job = { held, changeOf };
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(job));
    try {
      return await this.#queue.run(id, async (before) => {
        // One that came before may have taken it along.
        const latest =
          job.outcome === undefined ? await this.#commitAll(this.#take(id, job), before) : before;
        return { result: resultOf(job), latest };
      });
    } finally {
      this.#forget(id, job);
    }
  }

  /** The one whose turn it is, and those behind it. */
  #take(id: SessionId, first: Job): readonly [Job, ...Job[]] {
    const others = [...(this.#waiting.get(id) ?? [])].filter((job) => job !== first).slice(0, TOGETHER - 1);
    [first, ...others].forEach((job) => this.#forget(id, job));
    return [first, ...others];
  }

  #forget(id: SessionId, job: Job): void {
    const waiting = this.#waiting.get(id);
    if (waiting?.delete(job) === true && waiting.size === 0) {
      this.#waiting.delete(id);
    }
  }

  /** Settles all of them, and answers what is stored then, as far as that is known. */
  async #commitAll(jobs: readonly [Job, ...Job[]], before: Held | undefined): Promise<Held | undefined> {
    try {
      const stored = await this.#store(jobs, before);
      // Each sees what it would see if it had gone alone, and the next one right behind it.
      jobs.forEach((job) => (job.outcome ??= { held: stored && seenBy(job) }));
      return stored;
    } catch (error) {
      jobs.forEach((job) => (job.outcome ??= { error }));
      return undefined;
    }
  }

  /** Stores what all of them come to; undefined when the session is gone. */
  async #store(jobs: readonly [Job, ...Job[]], before: Held | undefined): Promise<Held | undefined> {
    const { operationTimeout } = this.parts;
    const deadline = performance.now() + operationTimeout;
    const [{ held }] = jobs;
    const seenAt = Math.max(...jobs.map((job) => job.held.seenAt));
    let current = before ?? held;
    // A record that was read before may be an old one: others may have changed the session, kept it alive or ended it.
    let isCurrent = false;
    for (;;) {
      const isOver = isOverAt(current.record, seenAt, this.parts.clock.now());
      const next = isOver ? current : this.#fold(current, jobs);
      if (jobs.every(({ outcome }) => outcome !== undefined)) {
        return before;
      }
      if (next === current && isCurrent) {
        return isOver
          ? this.parts.expired.end(current, Math.max(current.record.lastSeenAt, seenAt))
          : current;
      }
      const found = await this.#attempt(current, next);
      if (found === undefined || found === next) {
        return found;
      }
      if (performance.now() > deadline) {
        throw contention(operationTimeout);
      }
      current = found;
      isCurrent = true;
      // No longer pause: what was found is the newest now, and who waits comes back with an old one and loses again. Each
      // process has one attempt at a session under way, so that the store is not overrun.
      await nextTurn();
    }
  }

  /** What follows from all changes, each on top of the one before; the very same when there is nothing to write. */
  #fold(current: Held, jobs: readonly Job[]): Held {
    let folded = current;
    for (const job of jobs) {
      try {
        if (job.outcome === undefined) {
          const { visible = NO_FIELDS } = folded.as(job.held);
          const seen = folded.at(job.held.seenAt);
          const next = this.#next(seen, job.changeOf(visible, folded.record));
          folded = next === seen ? folded : next;
          job.after = folded;
        }
      } catch (error) {
        // Its own affair: a function that throws, or a change that is too large.
        job.outcome = { error };
      }
    }
    return folded;
  }

  #next(current: Held, change: SessionChange): Held {
    const next = this.parts.records.next(current, change, () => this.parts.random.version());
    return next === undefined ? current : current.with(next.record, next.texts);
  }

  /**
   * Stores what follows from a record, and answers what is stored then: that, what another writer stored, or nothing.
   * Where nothing follows the record is read again. A session whose token was rotated meanwhile is found where it is now.
   */
  async #attempt(current: Held, next: Held): Promise<Held | undefined> {
    const { gateway, forwards } = this.parts;
    if (next === current) {
      const record = await gateway.read(current.id);
      return record && forwards.follow(current.with(record));
    }
    const answer = await gateway.replace(current.id, next.record, current.record.version);
    return answer.done ? next : answer.current && forwards.follow(current.with(answer.current));
  }
}

function seenBy({ held, after }: Job): Held | undefined {
  return after?.as(held);
}

function resultOf({ outcome }: Job): Held | undefined {
  if (outcome !== undefined && 'error' in outcome) {
    throw outcome.error;
  }
  return outcome?.held;
}

function contention(operationTimeout: number): SessionError {
  return new SessionError('session_contention', {
    what: `The change kept losing to changes by other requests for ${operationTimeout} ms.`,
    fix: 'Send the request again; let fewer requests write the same session at once.',
  });
}
