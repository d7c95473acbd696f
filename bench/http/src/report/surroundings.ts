import { readFile } from 'node:fs/promises';
import { cpus, loadavg, release, type } from 'node:os';
import { hasPinning } from '../pinning.js';

/** Where figures come from. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly node: string;
  /** Whether the server had a core of its own. */
  readonly isPinned: boolean;
  /** Processes that wanted to run, on average of the last minute, when the run began: other people's. */
  readonly loadBefore: number;
}

export function machineNow(): Machine {
  const [first] = cpus();
  return {
    date: new Date().toISOString().slice(0, 16),
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    kernel: `${type()} ${release()}`,
    node: process.version,
    isPinned: hasPinning(),
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** The versions of packages, each of them once. */
export async function versionsOf(names: readonly string[]): Promise<Record<string, string>> {
  const versions = [...new Set(names)].sort().map(async (name): Promise<[string, string]> => {
    const text = await readFile(`node_modules/${name}/package.json`, 'utf8');
    return [name, (JSON.parse(text) as { version: string }).version];
  });
  return Object.fromEntries(await Promise.all(versions));
}
