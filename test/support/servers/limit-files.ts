import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import { findProgram } from './find-program.js';
import { processTree, stillLiving } from './process-tree.js';
import type { RunningServer } from './running-server.js';

/** Whether `limitFiles()` works here. Where it does not, it says so in one line; in CI it throws. */
export function canLimitFiles(suite: string): boolean {
  if (process.platform === 'linux' && findProgram('prlimit') !== undefined) {
    return true;
  }
  const missing = `${suite}: what simulates a full disk is prlimit of Linux (apt-get install util-linux).`;
  if (process.env['CI'] === 'true') {
    throw new Error(missing);
  }
  console.warn(`Skipped ${missing}`);
  return false;
}

/**
 * Lets no file of the server grow beyond so many bytes, as on a full disk: what is there can be rewritten, no more can be
 * added. It holds for the processes that run; those that they start inherit it. `Infinity` lifts it.
 */
export async function limitFiles({ pid }: RunningServer, bytes: number): Promise<void> {
  if (pid === undefined) {
    return;
  }
  const limited = new Set<number>();
  // Again until there is nobody new: a server starts and ends processes all the time, also while this runs.
  for (
    let news = processTree(pid);
    news.length > 0;
    news = processTree(pid).filter((one) => !limited.has(one))
  ) {
    for (const one of news) {
      limited.add(one);
      await limitFilesOf(one, Number.isFinite(bytes) ? String(bytes) : 'unlimited');
    }
  }
}

/** Does nothing to a process that has ended meanwhile. */
async function limitFilesOf(pid: number, limit: string): Promise<void> {
  const owner = statSync(`/proc/${pid}`, { throwIfNoEntry: false });
  if (owner === undefined) {
    return;
  }
  // Only who it runs as may do this. The soft limit alone: it can be raised again.
  const as = process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {};
  try {
    await promisify(execFile)('prlimit', [`--pid=${pid}`, `--fsize=${limit}:`], { timeout: 10_000, ...as });
  } catch (error) {
    if (stillLiving([pid]).length > 0) {
      throw error;
    }
  }
}
