import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../child-channel.js';
import { SERVER_CORE } from '../pinning.js';
import type { DatabaseName, Surroundings, Variant } from '../variants/variant.js';
import type { ServerOperations } from './server.js';

/** The server of one variant, seen from outside. */
export class RunningServer {
  private constructor(
    readonly variant: Variant,
    readonly origin: string,
    private readonly child: Child<ServerOperations>,
    private readonly directory: string,
  ) {}

  static async start(
    variant: Variant,
    urls: Readonly<Partial<Record<DatabaseName, string>>>,
    more: string | undefined,
  ): Promise<RunningServer> {
    const directory = await mkdtemp(join(tmpdir(), 'nest-sessions-bench-'));
    const surroundings: Surroundings = { urls, directory };
    const child = new Child<ServerOperations>(variant.name, new URL('server.js', import.meta.url), {
      core: SERVER_CORE,
      args: [variant.name, JSON.stringify(surroundings), ...(more ? [more] : [])],
    });
    const server = (port: number) => new RunningServer(variant, `http://127.0.0.1:${port}`, child, directory);
    try {
      return server(await child.ask('listen', undefined));
    } catch (error) {
      await server(0).stop();
      throw error;
    }
  }

  /** What its process has used so far, by its own account. */
  usage() {
    return this.child.ask('usage', undefined);
  }

  /** From now on it notes where its CPU goes. */
  beginProfile() {
    return this.child.ask('beginProfile', undefined);
  }

  /** Where it went since then. */
  endProfile() {
    return this.child.ask('endProfile', undefined);
  }

  async stop(): Promise<void> {
    await this.child.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}
