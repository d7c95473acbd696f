import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChildApp, type Ending } from './child-app.js';

const SCRIPT = fileURLToPath(new URL('../../sample/01-login/dist/main.js', import.meta.url));

/** The account the sample says it has. */
export const ADA = { email: 'ada@example.com', password: 'correct horse battery staple' } as const;

/** `sample/01-login`, built and running on a port and a data directory of its own. */
export class LoginSample {
  private app: ChildApp | undefined;
  private port = 0;

  private constructor(readonly dataDir: string) {}

  static async start(): Promise<LoginSample> {
    const sample = new LoginSample(await mkdtemp(join(tmpdir(), 'sample-01-login-')));
    await sample.launch();
    return sample;
  }

  /** Another process on the given data directory and port. */
  static run(environment: Readonly<Record<string, string>>): ChildApp {
    if (!existsSync(SCRIPT)) throw new Error('sample/01-login is not built: npm run build');
    return ChildApp.start(SCRIPT, environment);
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
    this.app = LoginSample.run({ PORT: String(this.port), DATA_DIR: this.dataDir });
    const [, port] = await this.app.printedMatch(/^ *Open +http:\/\/localhost:(\d+)$/m);
    this.port = Number(port);
  }

  async dispose(): Promise<void> {
    await this.end();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
