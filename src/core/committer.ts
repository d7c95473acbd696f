import { AsyncResource } from 'node:async_hooks';
import type { Clock } from './clock.js';
import { Contest, type ContestLost } from './contest.js';
import type { ExpiredSessions } from './expired-sessions.js';
import { NO_FIELDS } from './field-texts.js';
import type { Forwards } from './forwards.js';
import type { Held } from './held.js';
import { isOverAt } from './lifetime.js';
import type { RecordMaker } from './record-maker.js';
import type { SessionRecord } from './record.js';
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

/** Commits that go together. */
interface Turn {
  readonly jobs: Jobs;
  /** What those before them left stored, if that is known. */
  readonly before: Held | undefined;
  /** When the latest of their requests read the session. */
  readonly seenAt: number;
  readonly contest: Contest;
}

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

  /**
   * Stores what all of them come to, and answers what is stored then; undefined when the session is gone. Nearly always the first
   * attempt does it: that one is made with as few promises as can be.
   */
  #store(jobs: Jobs, before: Held | undefined): Promise<Held | undefined> {
    const [{ held }] = jobs;
    const turn: Turn = {
      jobs,
      before,
      seenAt: jobs.reduce((latest, job) => Math.max(latest, job.held.seenAt), held.seenAt),
      contest: new Contest(this.parts.operationTimeout, LOST),
    };
    const current = before ?? held;
    const next = this.#isOver(turn, current) ? current : this.#fold(current, jobs);
    if (haveFailed(jobs)) {
      return Promise.resolve(before);
    }
    const { id, record } = current;
    // Where nothing is to be written the record may still be an old one: others may have changed or ended the session.
    if (next === current) {
      return this.parts.gateway.read(id).then((found) => this.#contend(turn, current, found));
    }
    return this.parts.gateway
      .replace(id, next.record, record.version)
      .then((answer) => (answer.done ? settle(jobs, next) : this.#contend(turn, current, answer.current)));
  }

  /** Goes on from a record that another writer has stored, and whoever stored another one meanwhile. */
  async #contend(turn: Turn, before: Held, winner: SessionRecord | undefined): Promise<Held | undefined> {
    const { jobs, seenAt, contest } = turn;
    let current = await this.#follow(before, winner);
    while (current !== undefined) {
      await contest.nextRound();
      const isOver = this.#isOver(turn, current);
      const next = isOver ? current : this.#fold(current, jobs);
      if (haveFailed(jobs)) {
        return turn.before;
      }
      if (next === current) {
        return settle(jobs, isOver ? await this.#end(current, seenAt) : current);
      }
      const { id, record } = current;
      const answer = await this.parts.gateway.replace(id, next.record, record.version);
      if (answer.done) {
        return settle(jobs, next);
      }
      current = await this.#follow(current, answer.current);
    }
    return settle(jobs, undefined);
  }

  /** The session with a record that was found; one whose token was rotated meanwhile is found where it is now. */
  async #follow(current: Held, found: SessionRecord | undefined): Promise<Held | undefined> {
    return found && this.parts.forwards.follow(current.with(found));
  }

  #isOver({ seenAt }: Turn, { record }: Held): boolean {
    return isOverAt(record, seenAt, this.parts.clock.now());
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

function haveFailed(jobs: Jobs): boolean {
  return jobs.every(({ hasFailed }) => hasFailed);
}

/** Each sees what it would see if it had gone alone, and the next one right behind it. */
function settle(jobs: Jobs, stored: Held | undefined): Held | undefined {
  for (const { held, after, resolve } of jobs) {
    resolve(stored && after?.as(held));
  }
  return stored;
}
