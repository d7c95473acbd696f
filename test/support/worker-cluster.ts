import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { within } from './within.js';
import { WorkerClient } from './worker-client.js';

const FIXTURE = fileURLToPath(new URL('./worker-cluster.fixture.mjs', import.meta.url));

/** No start and no end of a cluster takes longer, in milliseconds. */
const BOUND = 50_000;

/** The store that a worker makes for itself: its kind and the options of its constructor. */
export interface WorkerStore {
  readonly kind: 'memory' | 'lmdb' | 'redis' | 'mongo' | 'postgres';
  readonly [option: string]: unknown;
}

/** What a worker is started with. */
export interface WorkerConfig {
  readonly store: WorkerStore;
  /** Options of the session module that can be sent as JSON. */
  readonly options?: Readonly<Record<string, unknown>>;
}

interface Address {
  readonly pid: number;
  readonly port: number;
  readonly shared: number;
}

/** Workers of `node:cluster` that run one application, each on the common port and on one of its own. */
export class WorkerCluster {
  private constructor(
    private readonly primary: ChildProcess,
    private readonly printed: { text: string },
    /** One client a worker, in the order of the configurations. */
    readonly workers: readonly WorkerClient[],
    /** The port that all workers share. */
    readonly shared: WorkerClient,
  ) {}

  /** Starts one worker for each configuration. */
  static async start(configs: readonly WorkerConfig[]): Promise<WorkerCluster> {
    const primary = fork(FIXTURE, {
      env: { PATH: process.env['PATH'], CLUSTER_CONFIG: JSON.stringify(configs) },
      execArgv: [], // those of the test runner are none of theirs
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const printed = { text: '' };
    for (const stream of [primary.stdout, primary.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (printed.text += text));
    }
    const ended = once(primary, 'close').then(() => {
      throw new Error(`The cluster ended: ${printed.text}`);
    });
    ended.catch(() => undefined);
    try {
      const told = Promise.race([once(primary, 'message'), ended]);
      const [addresses] = (await within(BOUND, () => `no workers: ${printed.text}`, told)) as [Address[]];
      const clients = addresses.map(({ port }) => new WorkerClient(port));
      return new WorkerCluster(primary, printed, clients, new WorkerClient(addresses[0]!.shared));
    } catch (error) {
      primary.kill('SIGKILL');
      throw error;
    }
  }

  /** The worker at this place, counted around. */
  worker(index: number): WorkerClient {
    return this.workers[index % this.workers.length]!;
  }

  /** Everything that the processes have printed until now. */
  get output(): string {
    return this.printed.text;
  }

  /** How often each event was raised, in all workers. */
  async events(): Promise<Record<string, number>> {
    const sum: Record<string, number> = {};
    for (const worker of this.workers) {
      const { result } = await worker.ask('events');
      for (const [type, count] of Object.entries(result as Record<string, number>)) {
        sum[type] = (sum[type] ?? 0) + count;
      }
    }
    return sum;
  }

  /** Ends it as a deployment does: what is under way is finished, the stores are closed. */
  async stop(): Promise<void> {
    [...this.workers, this.shared].forEach((client) => client.close());
    if (this.primary.exitCode !== null || this.primary.signalCode !== null) {
      return;
    }
    const ended = once(this.primary, 'exit');
    this.primary.send('close');
    try {
      await within(BOUND, () => `the cluster did not end: ${this.printed.text}`, ended);
    } finally {
      this.primary.kill('SIGKILL');
    }
  }
}
