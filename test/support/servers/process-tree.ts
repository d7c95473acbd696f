import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** One letter: T stopped, Z ended and not yet collected, others alive. */
  readonly state: string;
}

/** The processes that live under this one, itself included. */
export function processTree(root: number): number[] {
  const entries = livingProcesses();
  const tree = entries.filter(({ pid }) => pid === root).map(({ pid }) => pid);
  for (let index = 0; index < tree.length; index++) {
    tree.push(...entries.filter(({ parent }) => parent === tree[index]).map(({ pid }) => pid));
  }
  return tree;
}

/** Those that still live. */
export function stillLiving(pids: readonly number[]): number[] {
  const living = new Set(livingProcesses().map(({ pid }) => pid));
  return pids.filter((pid) => living.has(pid));
}

/** Those that live and have not stopped. */
export function stillRunning(pids: readonly number[]): number[] {
  const running = livingProcesses().filter(({ state }) => !state.startsWith('T'));
  const set = new Set(running.map(({ pid }) => pid));
  return pids.filter((pid) => set.has(pid));
}

function livingProcesses(): ProcessEntry[] {
  return allProcesses().filter(({ state }) => !state.startsWith('Z'));
}

function allProcesses(): ProcessEntry[] {
  if (process.platform !== 'linux') {
    const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,state='], {
      encoding: 'utf8',
      timeout: 10_000,
    });
    return table.split('\n').flatMap((line) => entryOf(line.trim().split(/\s+/)));
  }
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const stat = statOf(pid);
    // The name stands in brackets and may hold anything; state and parent follow it.
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return entryOf([pid, parent, state]);
  });
}

function entryOf([pid, parent, state]: readonly (string | undefined)[]): ProcessEntry[] {
  return pid && parent && state ? [{ pid: Number(pid), parent: Number(parent), state }] : [];
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return ''; // it has ended meanwhile
  }
}
