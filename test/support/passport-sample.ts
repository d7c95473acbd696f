import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChildApp, type Ending } from './child-app.js';

const SCRIPT = fileURLToPath(new URL('../../sample/04-passport/dist/main.js', import.meta.url));

/** `sample/04-passport`, built and running on a free port, with a data directory of its own. */
export class PassportSample {
  private app: ChildApp | undefined;
  private port = 0;

  private constructor(readonly dataDir: string) {}

  static async start(): Promise<PassportSample> {
    if (!existsSync(SCRIPT)) throw new Error('sample/04-passport is not built: npm run build');
    const sample = new PassportSample(await mkdtemp(join(tmpdir(), 'sample-04-passport-')));
    await sample.launch();
    return sample;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  get output(): string {
    return this.app?.output ?? '';
  }

  /** Ends the process in the given way; by default as a power cut would. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ending | undefined> {
    const ending = await this.app?.stop(signal);
    this.app = undefined;
    return ending;
  }

  /** Starts it again, on the same port and the same data. */
  async launch(): Promise<void> {
    this.app = ChildApp.start(SCRIPT, { PORT: String(this.port), DATA_DIR: this.dataDir });
    const [, port] = await this.app.printedMatch(/^ *Open +http:\/\/localhost:(\d+) /m);
    this.port = Number(port);
  }

  async dispose(): Promise<void> {
    await this.end();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
