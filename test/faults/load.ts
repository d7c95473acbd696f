import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../support/within.js';
import type { Answer } from './visitor.js';

/** Between two requests of a lane, in milliseconds. */
const PAUSE = 100;
const BOUND = 30_000;

/** Requests that go on until they are stopped, each lane one after another. */
export class Load {
  readonly answers: Answer[] = [];
  /** Requests that were not answered. */
  readonly failures: unknown[] = [];
  #isOver = false;
  readonly #lanes: Promise<void>[] = [];
  readonly #waiting = new Set<() => void>();

  lane(ask: () => Promise<Answer>): void {
    this.#lanes.push(this.#run(ask));
  }

  /** Waits until so many more requests were answered well; `page`: those of one page alone. */
  succeeds(times: number, page?: string): Promise<void> {
    const matches = ({ path, status }: Answer) => status < 300 && (page === undefined || path === page);
    return this.#reaches(times, 'good', matches);
  }

  /** Waits until so many more requests were answered with 503. */
  fails(times: number): Promise<void> {
    return this.#reaches(times, '503', ({ status }) => status === 503);
  }

  /** Ends it when the requests under way are answered. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await within(BOUND, () => 'a request hangs', Promise.all(this.#lanes));
  }

  async #reaches(times: number, kind: string, matches: (answer: Answer) => boolean): Promise<void> {
    const goal = this.answers.filter(matches).length + times;
    let look = () => {};
    const reached = new Promise<void>((resolve) => {
      look = () => {
        if (this.answers.filter(matches).length >= goal) {
          resolve();
        }
      };
    });
    this.#waiting.add(look);
    look();
    const what = () => `there were not ${times} more ${kind} answers; the last were ${this.#last()}`;
    await within(BOUND, what, reached).finally(() => this.#waiting.delete(look));
  }

  async #run(ask: () => Promise<Answer>): Promise<void> {
    while (!this.#isOver) {
      try {
        this.answers.push(await ask());
      } catch (error) {
        this.failures.push(error);
      }
      this.#waiting.forEach((look) => look());
      await sleep(PAUSE);
    }
  }

  #last(): string {
    return this.answers
      .slice(-10)
      .map(({ path, status }) => `${path} ${status}`)
      .join(', ');
  }
}
