import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChildApp } from './child-app.js';

const SCRIPT = fileURLToPath(new URL('../../sample/03-devices/dist/main.js', import.meta.url));
const CLOCK = new URL('./forward-clock.fixture.mjs', import.meta.url).href;

/** `sample/03-devices`, built and running on a port and a data directory of its own, with a clock that can be put forward. */
export class DevicesSample {
  private minutesAhead = 0;

  private constructor(
    readonly url: string,
    private readonly app: ChildApp,
    private readonly dataDir: string,
    private readonly clockFile: string,
  ) {}

  static async start(): Promise<DevicesSample> {
    if (!existsSync(SCRIPT)) throw new Error('sample/03-devices is not built: npm run build');
    const dataDir = await mkdtemp(join(tmpdir(), 'sample-03-devices-'));
    const clockFile = join(dataDir, 'minutes-ahead');
    await writeFile(clockFile, '0');
    const app = ChildApp.start(SCRIPT, {
      PORT: '0',
      DATA_DIR: dataDir,
      NODE_OPTIONS: `--import=${CLOCK}`,
      MINUTES_AHEAD_FILE: clockFile,
    });
    try {
      const [, url = ''] = await app.printedMatch(/^ *Open +(http:\/\/localhost:\d+)$[^]*Stop with Ctrl\+C/m);
      return new DevicesSample(url, app, dataDir, clockFile);
    } catch (error) {
      await app.stop();
      await rm(dataDir, { recursive: true, force: true });
      throw error;
    }
  }

  /** Waits until it has printed that a session ended, and why. */
  async toldEnded(handle: string, reason: string): Promise<void> {
    await this.app.printedMatch(new RegExp(`session ${handle} has ended \\(${reason}\\)`));
  }

  /** Six minutes go by in it at once: longer than a login is recent. */
  async letSixMinutesPass(): Promise<void> {
    this.minutesAhead += 6;
    await writeFile(this.clockFile, String(this.minutesAhead));
  }

  async dispose(): Promise<void> {
    await this.app.stop('SIGKILL');
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
