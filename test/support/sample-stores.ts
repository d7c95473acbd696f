import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChildApp } from './child-app.js';
import { freePort } from './servers/free-port.js';

/** What is set for a process beside its port and its data directory: `STORE`, and where the server is. */
export type SampleEnvironment = Readonly<Record<string, string>>;

/** A script of `sample/02-stores`, built, in a process of its own. */
export function runStores(script: 'main.js' | 'both.js', environment: SampleEnvironment): ChildApp {
  const path = fileURLToPath(new URL(`../../sample/02-stores/dist/${script}`, import.meta.url));
  if (!existsSync(path)) throw new Error('sample/02-stores is not built: npm run build');
  return ChildApp.start(path, environment);
}

/** One of the two processes. */
export class StoresProcess {
  private app: ChildApp | undefined;
  /** The process as it says itself. */
  pid = '';

  constructor(
    readonly port: number,
    private readonly environment: SampleEnvironment,
  ) {}

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  get output(): string {
    return this.app?.output ?? '';
  }

  async launch(): Promise<void> {
    this.app = runStores('main.js', { ...this.environment, PORT: String(this.port) });
    const [, pid = ''] = await this.app.printedMatch(/\(process (\d+)\)[^]*Stop with Ctrl\+C/, 30_000);
    this.pid = pid;
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    await this.app?.stop('SIGKILL');
  }

  /** Ends it in order, and answers whether it ended by the signal alone. */
  async stop(): Promise<boolean> {
    const ending = await this.app?.stop('SIGTERM', 10_000);
    return ending?.signal === 'SIGTERM';
  }
}

/** Two processes of the sample on two ports, which have their data directory and their store in common. */
export class StoresSample {
  private constructor(
    readonly first: StoresProcess,
    readonly second: StoresProcess,
    private readonly dataDir: string,
  ) {}

  static async start(environment: SampleEnvironment): Promise<StoresSample> {
    const dataDir = await makeDataDir();
    const port = await freePort(1);
    const process = (own: number, other: number) =>
      new StoresProcess(own, { ...environment, DATA_DIR: dataDir, OTHER_PORT: String(other) });
    const sample = new StoresSample(process(port, port + 1), process(port + 1, port), dataDir);
    try {
      // Both at once: whatever the store makes at its first start is made by two at the same time.
      await Promise.all(sample.processes.map((one) => one.launch()));
    } catch (error) {
      await sample.dispose();
      throw error;
    }
    return sample;
  }

  get processes(): readonly StoresProcess[] {
    return [this.first, this.second];
  }

  async dispose(): Promise<void> {
    await Promise.all(this.processes.map((one) => one.kill()));
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** An empty directory of our own. */
export function makeDataDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'sample-02-stores-'));
}
