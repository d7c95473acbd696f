import { AsyncResource } from 'node:async_hooks';
import type { Clock } from './clock.js';
import { Contest, type ContestLost } from './contest.js';
import type { ExpiredSessions } from './expired-sessions.js';
import { NO_FIELDS } from './field-texts.js';
import type { Forwards } from './forwards.js';
import type { Held } from './held.js';
import { isOverAt } from './lifetime.js';
import type { RecordMaker } from './record-maker.js';
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

const LOST: ContestLost = {
  what: 'The change kept losing to changes by other requests',
  fix: 'Send the request again; let fewer requests write the same session at once.',
};

/** One commit that waits. */
interface Job {
  readonly held: Held;
  readonly changeOf: ChangeOf;
  readonly resolve: (held: Held | undefined) => void;
  readonly reject: (error: unknown) => void;
  /** The session after its change and before the next one's. */
  after: Held | undefined;
  /** True for one whose own change came to nothing: its promise is rejected. */
  hasFailed: boolean;
}

type Jobs = readonly [Job, ...Job[]];

/**
 * Brings changes to the store, on top of what is stored there. Commits of one session wait for one another within this
 * process, and those that wait go together: each change on top of the one before, all of them in one write. So a process
 * with many of them is done soon, and lets others to the session.
 */
export class Committer {
  readonly #queue = new WriteQueue<Job, Held>((jobs, latest) => this.#store(jobs, latest), TOGETHER);

  constructor(private readonly parts: CommitterParts) {}

  /** Makes a change durable. Undefined when the session is gone. */
  commit(held: Held, changeOf: ChangeOf): Promise<Held | undefined> {
    return new Promise((resolve, reject) => {
      const { id } = held;
      // Who waits is served by another request: the application's function must run as part of its own.
      const change = this.#queue.isBusy(id) ? bound(changeOf) : changeOf;
      this.#queue.add(id, { held, changeOf: change, resolve, reject, after: undefined, hasFailed: false });
    });
  }

  /** Stores what all of them come to, and answers what is stored then; undefined when the session is gone. */
  async #store(jobs: Jobs, before: Held | undefined): Promise<Held | undefined> {
    const contest = new Contest(this.parts.operationTimeout, LOST);
    const [{ held }] = jobs;
    const seenAt = jobs.reduce((latest, job) => Math.max(latest, job.held.seenAt), held.seenAt);
    let current = before ?? held;
    // A record that was read before may be an old one: others may have changed the session, kept it alive or ended it.
    let isCurrent = false;
    for (;;) {
      const isOver = isOverAt(current.record, seenAt, this.parts.clock.now());
      const next = isOver ? current : this.#fold(current, jobs);
      if (jobs.every(({ hasFailed }) => hasFailed)) {
        return before;
      }
      if (next === current && isCurrent) {
        return settle(jobs, isOver ? await this.#end(current, seenAt) : current);
      }
      const found = await this.#attempt(current, next);
      if (found === undefined || found === next) {
        return settle(jobs, found);
      }
      await contest.nextRound();
      current = found;
      isCurrent = true;
    }
  }

  /** What follows from all changes, each on top of the one before; the very same when there is nothing to write. */
  #fold(current: Held, jobs: readonly Job[]): Held {
    let folded = current;
    for (const job of jobs) {
      try {
        if (!job.hasFailed) {
          const { visible = NO_FIELDS } = folded.as(job.held);
          const seen = folded.at(job.held.seenAt);
          const next = this.#next(seen, job.changeOf(visible, folded.record));
          folded = next === seen ? folded : next;
          job.after = folded;
        }
      } catch (error) {
        // Its own affair: a function that throws, or a change that is too large.
        job.hasFailed = true;
        job.reject(error);
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
  #attempt(current: Held, next: Held): Promise<Held | undefined> {
    const { gateway, forwards } = this.parts;
    const { id, record } = current;
    if (next === current) {
      return gateway.read(id).then((found) => found && forwards.follow(current.with(found)));
    }
    return gateway
      .replace(id, next.record, record.version)
      .then((answer) =>
        answer.done ? next : answer.current && forwards.follow(current.with(answer.current)),
      );
  }

  #end(over: Held, seenAt: number): Promise<undefined> {
    return this.parts.expired.end(over, Math.max(over.record.lastSeenAt, seenAt));
  }
}

/** A function that runs as part of the request it comes from, whoever calls it. */
function bound(changeOf: ChangeOf): ChangeOf {
  // Not `AsyncResource.bind()`, which takes several times as long in Node 20.
  const request = new AsyncResource('nest-sessions.commit');
  return (current, record) => request.runInAsyncScope(changeOf, undefined, current, record);
}

/** Each sees what it would see if it had gone alone, and the next one right behind it. */
function settle(jobs: Jobs, stored: Held | undefined): Held | undefined {
  for (const { held, after, resolve } of jobs) {
    resolve(stored && after?.as(held));
  }
  return stored;
}
