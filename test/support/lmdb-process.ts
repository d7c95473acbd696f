import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { within } from './within.js';

const FIXTURE = fileURLToPath(new URL('./lmdb-process.fixture.mjs', import.meta.url));

/** No wait in these tests is longer, in milliseconds. */
const BOUND = 60_000;

interface Message {
  readonly number?: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly acknowledged?: string;
  readonly step?: number;
  readonly warm?: boolean;
}

/** Another process on the same LMDB store. */
export class LmdbProcess {
  /** The last acknowledged step of each session that the task `write` works on. */
  readonly acknowledged = new Map<string, number>();
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(message: Message) => void>();
  #number = 0;

  constructor(path: string, sweepInterval = 60_000) {
    this.#child = fork(FIXTURE, [path, String(sweepInterval)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#child.on('message', (message: Message) => {
      if (message.acknowledged !== undefined && message.step !== undefined) {
        this.acknowledged.set(message.acknowledged, message.step);
      }
      for (const listener of this.#listeners) {
        listener(message);
      }
    });
  }

  /** Does a task and answers its result. */
  async run(task: string, input: object = {}): Promise<unknown> {
    const number = ++this.#number;
    const answered = this.#message(`the end of ${task}`, (message) => message.number === number);
    this.#child.send({ number, task, input });
    const { result, error } = await answered;
    if (error !== undefined) {
      throw new Error(`A process failed at ${task}: ${error}`);
    }
    return result;
  }

  /** Starts a task that never ends. */
  start(task: string, input: object = {}): void {
    this.#child.send({ number: ++this.#number, task, input });
  }

  /** Waits for so many more acknowledged steps. */
  async acknowledges(steps: number): Promise<void> {
    let count = 0;
    await this.#message(`${steps} acknowledged steps`, (message) => {
      count += message.acknowledged === undefined ? 0 : 1;
      return count >= steps;
    });
  }

  /** Waits until the task `hammer` is under way. */
  async warm(): Promise<void> {
    await this.#message('writes under way', (message) => message.warm === true);
  }

  /** Ends the process at once, whatever it is doing; every message that it sent has come then. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      return;
    }
    const ended = Promise.all([
      once(this.#child, 'exit'),
      this.#child.connected ? once(this.#child, 'disconnect') : undefined,
    ]);
    this.#child.kill('SIGKILL');
    await within(BOUND, () => 'a killed process has not ended', ended);
  }

  async #message(what: string, matches: (message: Message) => boolean): Promise<Message> {
    let stop = () => {};
    const found = new Promise<Message>((resolve, reject) => {
      const listener = (message: Message) => {
        if (matches(message)) {
          resolve(message);
        }
      };
      const ended = () => reject(new Error(`A process ended before ${what}.`));
      this.#listeners.add(listener);
      this.#child.once('exit', ended);
      stop = () => {
        this.#listeners.delete(listener);
        this.#child.off('exit', ended);
      };
    });
    try {
      return await within(BOUND, () => `there was not ${what}`, found);
    } finally {
      stop();
    }
  }
}
