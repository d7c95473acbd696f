import { setTimeout as pause } from 'node:timers/promises';
import { cellsOf, type Cell } from './cells.js';
import { Child } from './child-channel.js';
import { DatabaseServers } from './database-servers.js';
import type { LoadOperations } from './load/load.js';
import { OTHER_CORE, pinThisProcess } from './pinning.js';
import { type Measured, measureCell } from './rounds.js';
import { RunningServer } from './server/running-server.js';
import type { Settings } from './settings.js';
import { allVariants } from './variants/all-variants.js';
import { chosen, databasesOf } from './variants/chosen.js';
import type { Variant } from './variants/variant.js';
import { sizeTitle, WORK_TITLES } from './works.js';

/** A cell with what every variant came to in it. */
export interface MeasuredCell extends Cell {
  readonly measured: readonly Measured[];
}

/** All that a run has found. */
export interface Findings {
  readonly cells: readonly MeasuredCell[];
  /** CPU of each server while nobody asked it anything, as a part of one core. */
  readonly idle: Readonly<Record<string, number>>;
  /** The variants that took part. */
  readonly variants: readonly Variant[];
  /** The versions of the database servers. */
  readonly servers: Readonly<Record<string, string>>;
}

const IDLE_MS = 1_000;
/** More would show in the figures of the others. */
const IDLE_LIMIT = 0.02;
const IDLE_ATTEMPTS = 10;

/**
 * Runs the whole bench.
 *
 * @throws {Error} when a variant answers anything but what it should.
 */
export async function runBench(settings: Settings, tell: (line: string) => void): Promise<Findings> {
  pinThisProcess(OTHER_CORE);
  const everything = await allVariants(settings.moreVariants);
  const variants = chosen(everything, settings.variants, ['baseline', 'peer']);
  const databases = new DatabaseServers();
  const load = new Child<LoadOperations>('the clients', new URL('load/load.js', import.meta.url), {
    core: OTHER_CORE,
  });
  try {
    await databases.start(databasesOf(variants));
    const cells: MeasuredCell[] = [];
    const idle: Record<string, number> = {};
    for (const ofOneSize of bySize(cellsOf(settings))) {
      const servers = await startServers(variants, databases, settings.moreVariants);
      try {
        Object.assign(idle, await idleUse(servers));
        for (const cell of ofOneSize) {
          tell(`${WORK_TITLES[cell.work]}, ${sizeTitle(cell.bytes)}, ${cell.clients} at once`);
          const taking = servers.filter(({ variant }) => variant.works?.includes(cell.work) ?? true);
          cells.push({ ...cell, measured: await measureCell(cell, taking, load, settings) });
        }
      } finally {
        await Promise.all(servers.map((server) => server.stop()));
      }
    }
    return { cells, idle, variants, servers: await databases.versions() };
  } finally {
    await load.stop();
    await databases.stop();
  }
}

function bySize(cells: readonly Cell[]): Cell[][] {
  const sizes = [...new Set(cells.map(({ bytes }) => bytes))];
  return sizes.map((size) => cells.filter(({ bytes }) => bytes === size));
}

async function startServers(
  variants: readonly Variant[],
  { urls }: DatabaseServers,
  more: string | undefined,
): Promise<RunningServer[]> {
  const servers: RunningServer[] = [];
  try {
    for (const variant of variants) {
      servers.push(await RunningServer.start(variant, urls, more));
    }
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
  return servers;
}

/**
 * What the servers use while nobody asks them anything, once they have settled down after their start.
 *
 * @throws {Error} when it is so much that it would be among the figures of the others.
 */
async function idleUse(servers: readonly RunningServer[]): Promise<Record<string, number>> {
  for (let attempt = 1; ; attempt++) {
    const parts = await idleSecond(servers);
    const loud = parts.find(([, part]) => part > IDLE_LIMIT);
    if (loud === undefined) {
      return Object.fromEntries(parts);
    }
    if (attempt === IDLE_ATTEMPTS) {
      const percent = (loud[1] * 100).toFixed(1);
      throw new Error(`${loud[0]}: its server uses ${percent} % of a core while nobody asks it anything.`);
    }
  }
}

async function idleSecond(servers: readonly RunningServer[]): Promise<[string, number][]> {
  const before = await Promise.all(servers.map((server) => server.usage()));
  await pause(IDLE_MS);
  const after = await Promise.all(servers.map((server) => server.usage()));
  return servers.map(({ variant }, n) => {
    const used = (after[n]?.cpu ?? 0) - (before[n]?.cpu ?? 0);
    return [variant.name, used / 1_000 / IDLE_MS];
  });
}
