import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { within } from './within.js';

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** An application in a process of its own, which can be watched, stopped and killed. Every wait is bounded. */
export class ChildApp {
  private printed = '';
  private readonly ended: Promise<Ending>;

  private constructor(private readonly child: ChildProcess) {
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.printed += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.printed += text));
    // 'close' rather than 'exit': by then everything it printed has arrived.
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
  }

  /** Runs a script of Node with this environment and nothing else of ours but the PATH. */
  static start(script: string, environment: Readonly<Record<string, string>>): ChildApp {
    const child = spawn(process.execPath, [script], {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new ChildApp(child);
  }

  /** Everything it has printed until now, errors included. */
  get output(): string {
    return this.printed;
  }

  /** Waits until its output matches. */
  async printedMatch(pattern: RegExp, timeoutMs = 15_000): Promise<RegExpExecArray> {
    const seen = new Promise<RegExpExecArray>((resolve) => {
      const look = () => {
        const match = pattern.exec(this.printed);
        if (match) resolve(match);
      };
      this.child.stdout?.on('data', look);
      this.child.stderr?.on('data', look);
      look();
    });
    const endedFirst = this.ended.then((ending) => {
      throw new Error(
        `The process ended (${JSON.stringify(ending)}) before it printed ${pattern}:\n${this.printed}`,
      );
    });
    return within(
      timeoutMs,
      () => `no line like ${pattern} in:\n${this.printed}`,
      Promise.race([seen, endedFirst]),
    );
  }

  /** Waits until it has ended by itself. */
  ending(timeoutMs = 15_000): Promise<Ending> {
    return within(
      timeoutMs,
      () => `process ${this.child.pid} is still running:\n${this.printed}`,
      this.ended,
    );
  }

  /** Sends it a signal and waits until it has ended. */
  async stop(signal: NodeJS.Signals = 'SIGKILL', timeoutMs?: number): Promise<Ending> {
    this.child.kill(signal);
    return this.ending(timeoutMs);
  }
}
