import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadSecret, type SecretOrigin } from './session-secret.js';
import { StartError } from './start-error.js';

const DEFAULT_PORT = 3000;
const DEFAULT_DATA_DIR = fileURLToPath(new URL('../../data', import.meta.url));

/** What the environment says about this run; also the token by which it is injected. */
export class AppConfig {
  constructor(
    readonly port: number,
    /** Where sessions, and the secret unless it was given, are kept. */
    readonly dataDir: string,
    /** What session cookies are signed with. */
    readonly secret: string,
    readonly secretOrigin: SecretOrigin,
  ) {}

  /**
   * Reads `PORT`, `DATA_DIR` and `SESSION_SECRET`, and makes the data directory when it is missing.
   *
   * @throws {StartError} when one of them cannot be used.
   */
  static async load(environment: NodeJS.ProcessEnv): Promise<AppConfig> {
    const port = parsePort(environment['PORT']);
    const dataDir = resolve(environment['DATA_DIR'] || DEFAULT_DATA_DIR);
    await makeDirectory(dataDir);
    const { secret, origin } = await loadSecret(environment['SESSION_SECRET'], dataDir);
    return new AppConfig(port, dataDir, secret, origin);
  }
}

function parsePort(text: string | undefined): number {
  if (!text) return DEFAULT_PORT;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new StartError(
      `PORT is '${text}', which is no port. Give a whole number up to 65535; 0 takes a free one.`,
    );
  }
  return port;
}

async function makeDirectory(path: string): Promise<void> {
  try {
    // Only its owner needs to look inside: the secret and the sessions are there.
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new StartError(
      `The data directory ${path} could not be made. Choose another one with DATA_DIR, or make it yourself.`,
      { cause },
    );
  }
}
