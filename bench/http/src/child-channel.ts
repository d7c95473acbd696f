import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { hasPinning } from './pinning.js';

/** Without it V8 collects garbage in processes that have been idle for some seconds, while others are measured. */
const V8_OPTIONS = ['--no-memory-reducer'];

/** What a child process can be asked: a function a name. */
export type Operations = Readonly<Record<string, (argument: never) => unknown>>;

type ArgumentOf<F> = F extends (argument: infer A) => unknown ? A : never;
type AnswerOf<F> = F extends (argument: never) => infer R ? Awaited<R> : never;

interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly failure?: string;
}

const KEPT_OUTPUT = 4_000;

/** Answers, in a child process, what the parent asks. Ends with the parent. */
export function answerParent(operations: Operations): void {
  process.on('message', (message) => {
    const { id, name, argument } = message as Question;
    const work = async () => operations[name]?.(argument as never);
    work().then(
      (result) => process.send?.({ id, result } satisfies Answer),
      (error: unknown) => {
        process.send?.({
          id,
          failure: error instanceof Error ? error.message : String(error),
        } satisfies Answer);
      },
    );
  });
  process.on('disconnect', () => process.exit());
}

/** A child process that answers questions, on a core of its own where that can be. */
export class Child<T extends Operations> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(reason: Error): void }>();
  #nextId = 0;
  #output = '';

  constructor(
    private readonly name: string,
    script: URL,
    options: { readonly core: number; readonly args?: readonly string[] },
  ) {
    const onCore = hasPinning()
      ? { execPath: 'taskset', execArgv: ['-c', String(options.core), process.execPath, ...V8_OPTIONS] }
      : { execArgv: V8_OPTIONS };
    this.#process = fork(script, options.args ?? [], {
      ...onCore,
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    this.#process.on('message', (message) => this.#settle(message as Answer));
    this.#process.on('error', (error) => this.#over(error.message));
    this.#process.on('exit', (code, signal) => this.#over(`it ended with ${signal ?? `code ${code}`}`));
  }

  ask<N extends keyof T & string>(name: N, argument: ArgumentOf<T[N]>): Promise<AnswerOf<T[N]>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value as AnswerOf<T[N]>), reject });
      if (this.#process.exitCode !== null || !this.#process.connected) {
        this.#over('it has ended');
        return;
      }
      this.#process.send({ id, name, argument } satisfies Question);
    });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exit = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await exit;
    }
  }

  #settle({ id, result, failure }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failure === undefined) {
      waiting?.resolve(result);
    } else {
      waiting?.reject(new Error(`${this.name}: ${failure}`));
    }
  }

  #over(how: string): void {
    const error = new Error(`${this.name}: ${how}. Its last lines:\n${this.#output}`);
    this.#waiting.forEach(({ reject }) => reject(error));
    this.#waiting.clear();
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
  }
}
