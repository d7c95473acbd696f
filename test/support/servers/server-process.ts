import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { processTree, stillLiving, stillRunning } from './process-tree.js';

/** How a server is run. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whom it runs as; only root can choose. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}

/** Enough to see why a server did not start. */
const KEPT_OUTPUT = 4_000;
const SIGNAL_LIMIT_MS = 15_000;
const END_LIMIT_MS = 5_000;

/**
 * Waits until its standard input ends, which happens when the tests' process is gone for whatever reason, and then ends
 * the server, the processes that it has started, and deletes its data.
 */
const WATCHDOG = `
read -r _
processes=$1
for stat in /proc/[0-9]*/stat; do
  read -r pid _ _ parent _ <"$stat" && if [ "$parent" = "$1" ]; then processes="$processes $pid"; fi
done 2>/dev/null
kill -s KILL $processes
rm -rf "$2"`;

/** One run of a server, which does not outlive this process. */
export class ServerProcess {
  /** Resolves to how it ended, once it has. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  #isOver = false;
  #output = '';

  constructor({ program, args, env, uid, gid }: ServerCommand, directory: string) {
    this.#child = spawn(program, args, {
      cwd: directory,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: an interrupt from the keyboard is for the tests, which then end it.
      detached: true,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    const watchdog = this.#watch(directory);
    this.ended = once(this.#child, 'exit')
      .then(([code, signal]) => `it ended with ${signal ?? `code ${code}`}`)
      .catch((error: unknown) => `it could not be run: ${String(error)}`)
      .finally(() => {
        this.#isOver = true;
        watchdog?.kill('SIGKILL');
      });
  }

  get pid(): number | undefined {
    return this.#isOver ? undefined : this.#child.pid;
  }

  /** The last lines that it printed. */
  get output(): string {
    return this.#output;
  }

  /** Stops it and what it has started. */
  async pause(): Promise<void> {
    const root = this.#running();
    process.kill(root, 'SIGSTOP'); // before the others, so that it starts no more
    await until(() => stillRunning([root]).length === 0, 'the server has not stopped');
    const tree = processTree(root);
    tree.forEach((pid) => signal(pid, 'SIGSTOP'));
    await until(() => stillRunning(tree).length === 0, 'a process of the server has not stopped');
  }

  /** Lets everything go on that `pause()` has stopped. */
  resume(): void {
    processTree(this.#running())
      .reverse()
      .forEach((pid) => signal(pid, 'SIGCONT'));
  }

  /** Ends it and everything that it has started, at once. */
  async kill(): Promise<void> {
    if (this.#child.pid === undefined || this.#isOver) {
      await this.ended;
      return;
    }
    signal(this.#child.pid, 'SIGSTOP'); // so that it starts no more
    const tree = processTree(this.#child.pid);
    tree.forEach((pid) => signal(pid, 'SIGKILL'));
    await this.ended;
    await until(() => stillLiving(tree).length === 0, 'a process of the server lives on');
  }

  /** Ends it with a signal that it may answer in its own way; when it takes too long, at once. */
  async end(name: NodeJS.Signals): Promise<void> {
    if (name !== 'SIGKILL' && this.pid !== undefined) {
      this.resume();
      signal(this.pid, name);
      await Promise.race([this.ended, sleep(END_LIMIT_MS, undefined, { ref: false })]);
    }
    await this.kill();
  }

  #running(): number {
    const { pid } = this;
    if (pid === undefined) {
      throw new Error('The server does not run.');
    }
    return pid;
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
  }

  #watch(directory: string): ChildProcess | undefined {
    if (this.#child.pid === undefined) {
      return undefined;
    }
    const watchdog = spawn('sh', ['-c', WATCHDOG, 'sh', String(this.#child.pid), directory], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    watchdog.unref();
    watchdog.stdin.on('error', () => undefined);
    return watchdog;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it has ended meanwhile
  }
}

async function until(isSo: () => boolean, otherwise: string): Promise<void> {
  const end = Date.now() + SIGNAL_LIMIT_MS;
  while (!isSo()) {
    if (Date.now() > end) {
      throw new Error(`After ${SIGNAL_LIMIT_MS} ms: ${otherwise}.`);
    }
    await sleep(5);
  }
}
