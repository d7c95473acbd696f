import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { within } from '../within.js';
import { freePort } from './free-port.js';
import type { RunningServer } from './running-server.js';
import { type ServerCommand, ServerProcess } from './server-process.js';

/** What a server is made of. */
export interface ServerPlan {
  /** As people call it. */
  readonly name: string;
  /** Its data; deleted in the end. */
  readonly directory: string;
  command(port: number): ServerCommand | Promise<ServerCommand>;
  url(port: number): string;
  /** Resolves when the server answers there, rejects when it does not (yet). */
  answers(port: number): Promise<unknown>;
  /** Ends it at once but lets it tidy up. @default 'SIGKILL' */
  readonly endWith?: NodeJS.Signals;
  /** Ports so much above the server's that must be free, too. */
  readonly otherPorts?: readonly number[];
}

const START_LIMIT_MS = 45_000;
const ANSWER_LIMIT_MS = 5_000;
const HOST = '127.0.0.1';

/** A server that the tests have started, on a free port and with a directory of its own. */
export class OwnServer implements RunningServer {
  readonly isOwn = true;
  readonly host = HOST;
  #process: ServerProcess;

  private constructor(
    private readonly plan: ServerPlan,
    readonly port: number,
    running: ServerProcess,
  ) {
    this.#process = running;
  }

  /** Starts it; rejects with the last lines that the server printed when it does not answer in time. */
  static async start(plan: ServerPlan): Promise<OwnServer> {
    const end = Date.now() + START_LIMIT_MS;
    try {
      while (Date.now() < end) {
        const port = await freePort(...(plan.otherPorts ?? []));
        const running = await run(plan, port, end);
        if (running !== undefined) {
          return new OwnServer(plan, port, running);
        }
      }
      throw new Error(`${plan.name} did not start: for ${START_LIMIT_MS} ms others took each port first.`);
    } catch (error) {
      await rm(plan.directory, { recursive: true, force: true });
      throw error;
    }
  }

  get url(): string {
    return this.plan.url(this.port);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The last lines that it printed. */
  get output(): string {
    return this.#process.output;
  }

  async pause(): Promise<void> {
    await this.#process.pause();
  }

  async resume(): Promise<void> {
    this.#process.resume();
    await answered(this.plan, this.port, this.#process, Date.now() + START_LIMIT_MS);
  }

  async kill(): Promise<void> {
    await this.#process.kill();
  }

  async restart(): Promise<void> {
    await this.#process.kill();
    const end = Date.now() + START_LIMIT_MS;
    while (Date.now() < end) {
      const running = await run(this.plan, this.port, end);
      if (running !== undefined) {
        this.#process = running;
        return;
      }
      await sleep(100); // somebody has the port for the moment
    }
    throw new Error(`${this.plan.name} did not start again: port ${this.port} is taken by somebody else.`);
  }

  async stop(): Promise<void> {
    await this.#process.end(this.plan.endWith ?? 'SIGKILL');
    await rm(this.plan.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One attempt. Undefined when the port was taken by somebody else meanwhile. */
async function run(plan: ServerPlan, port: number, end: number): Promise<ServerProcess | undefined> {
  const running = new ServerProcess(await plan.command(port), plan.directory);
  try {
    await answered(plan, port, running, end);
    return running;
  } catch (error) {
    const wasRunning = running.pid !== undefined;
    await running.kill();
    if (!wasRunning && /address( is)? already in use|EADDRINUSE|could not bind/i.test(running.output)) {
      return undefined;
    }
    throw error;
  }
}

async function answered(plan: ServerPlan, port: number, running: ServerProcess, end: number): Promise<void> {
  let ending: string | undefined;
  void running.ended.then((how) => (ending = how));
  for (;;) {
    let reason: unknown;
    try {
      await within(ANSWER_LIMIT_MS, () => 'no answer', plan.answers(port));
    } catch (error) {
      reason = error;
    }
    await sleep(10); // its end may be on its way to us: then it was another server that answered
    if (ending === undefined && reason === undefined) {
      return;
    }
    if (ending !== undefined || Date.now() > end) {
      const why = ending ?? `no answer in ${START_LIMIT_MS} ms (${String(reason)})`;
      throw new Error(`${plan.name} did not start: ${why}. Its last lines:\n${running.output}`);
    }
    await sleep(20);
  }
}
