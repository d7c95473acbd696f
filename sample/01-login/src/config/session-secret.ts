import { randomBytes, randomUUID } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StartError } from './start-error.js';

const SECRET_FILE = 'session-secret';
const SECRET_BYTES = 32;

/** Where the secret came from: `SESSION_SECRET`, or a file of the data directory. */
export type SecretOrigin =
  { readonly kind: 'environment' } | { readonly kind: 'made' | 'kept'; readonly path: string };

/** A secret, and where it came from. */
export interface LoadedSecret {
  readonly secret: string;
  readonly origin: SecretOrigin;
}

/**
 * The secret that was given, else the one kept in the data directory, which is made at the first start. Several
 * processes that start at once all get the same one.
 *
 * @throws {StartError} when the file cannot be read or written, or does not hold a secret.
 */
export async function loadSecret(given: string | undefined, dataDir: string): Promise<LoadedSecret> {
  if (given) return { secret: given, origin: { kind: 'environment' } };
  const path = join(dataDir, SECRET_FILE);
  try {
    const kept = await readSecret(path);
    if (kept !== undefined) return { secret: kept, origin: { kind: 'kept', path } };
    return await makeSecret(path);
  } catch (cause) {
    if (cause instanceof StartError) throw cause;
    throw new StartError(
      `The session secret could not be kept in ${path}. Make the directory writable, choose another one with ` +
        'DATA_DIR, or give a secret as SESSION_SECRET.',
      { cause },
    );
  }
}

/** The secret in the file, or undefined when there is no such file. */
async function readSecret(path: string): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  const secret = text.trim();
  if (Buffer.from(secret, 'base64url').length < SECRET_BYTES) {
    throw new StartError(`${path} does not hold a session secret. Delete it, and a new one is made.`);
  }
  return secret;
}

/** Makes the file, or takes the secret of the process that was quicker. */
async function makeSecret(path: string): Promise<LoadedSecret> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeDraft(draft, secret);
    // A link appears at once, whole, and only if nothing has the name yet. So one of two processes wins, and nobody
    // ever reads half a secret.
    await link(draft, path);
    return { secret, origin: { kind: 'made', path } };
  } catch (error) {
    const theirs = hasCode(error, 'EEXIST') ? await readSecret(path) : undefined;
    if (theirs === undefined) throw error;
    return { secret: theirs, origin: { kind: 'kept', path } };
  } finally {
    await rm(draft, { force: true });
  }
}

async function writeDraft(path: string, secret: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${secret}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
