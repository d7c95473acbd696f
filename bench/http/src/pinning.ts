import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** The core of the server that is measured. */
export const SERVER_CORE = 0;
/** The core of everything else: the clients, the databases, and who asks them. */
export const OTHER_CORE = 1;

let isPossible: boolean | undefined;

/** Whether processes can be kept on a core: `taskset` is there, and there are two cores that we may use. */
export function hasPinning(): boolean {
  isPossible ??= cpus().length > 1 && canRun([String(SERVER_CORE)]) && canRun([String(OTHER_CORE)]);
  return isPossible;
}

/** Keeps this process, all that it starts from now on, and their threads on a core. */
export function pinThisProcess(core: number): void {
  if (hasPinning()) {
    execFileSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)], { stdio: 'ignore' });
  }
}

function canRun(cores: readonly string[]): boolean {
  try {
    execFileSync('taskset', ['-c', ...cores, 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
