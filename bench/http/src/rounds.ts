import { setTimeout as pause } from 'node:timers/promises';
import type { Cell } from './cells.js';
import type { Child } from './child-channel.js';
import type { LoadOperations } from './load/load.js';
import type { RunningServer } from './server/running-server.js';
import { sizeTitle, WORK_TITLES } from './works.js';

/** One slice of one variant. */
export interface Sample {
  /** CPU of the server's process for one piece of work, in microseconds. */
  readonly cpu: number;
  /** Pieces of work in a second. */
  readonly perSecond: number;
  /** Pieces of work, each answer of which was as it should be. */
  readonly done: number;
  /** Which part of the time the server's process was at work. */
  readonly serverBusy: number;
}

/** What a variant came to in a cell. */
export interface Measured {
  readonly variant: string;
  readonly samples: readonly Sample[];
  /** Why there are no samples. */
  readonly misfit?: string;
  /** In bytes, after the last round. The peak is since the server's start, and it is started anew for each size. */
  readonly heap: number;
  readonly peakMemory: number;
}

/** While others had their turns the caches of the processor forgot a server; this long it works before its slice is measured. */
const LEAD_IN_MS = 30;
/** Behind a response something may still be written; it belongs to the slice. */
const REST_MS = 20;
/** A server that has run before needs less of it. */
const LATER_WARM_UP = 0.3;
/** After this much work a fresh server is warm. It gets so many turns to do it. */
const WARM_UP_WORK = 15_000;
const WARM_UP_TURNS = 5;

const warm = new WeakSet<RunningServer>();

/**
 * Lets each server have its slice in each round, in an order that changes from round to round.
 *
 * @throws {Error} naming the variant and the work, when anything was answered but what should be.
 */
export async function measureCell(
  cell: Cell,
  servers: readonly RunningServer[],
  load: Child<LoadOperations>,
  times: { readonly sliceMs: number; readonly warmUpMs: number },
): Promise<Measured[]> {
  const stalls = servers.map((server) => new Stall(server, cell, load));
  for (const stall of stalls) {
    await stall.open(times.warmUpMs);
  }
  for (let round = 0; round < cell.rounds; round++) {
    for (const stall of inTurn(stalls, round)) {
      await stall.slice(times.sliceMs);
    }
  }
  const measured: Measured[] = [];
  for (const stall of stalls) {
    measured.push(await stall.close());
  }
  return measured;
}

/** Every round begins elsewhere, and every other one goes backwards, so that nobody always follows the same one. */
export function inTurn<T>(all: readonly T[], round: number): T[] {
  const start = (round * 5) % Math.max(1, all.length);
  const turned = [...all.slice(start), ...all.slice(0, start)];
  return round % 2 === 0 ? turned : turned.reverse();
}

/** One variant in one cell. */
class Stall {
  readonly #samples: Sample[] = [];
  readonly #name: string;
  #misfit: string | undefined;

  constructor(
    private readonly server: RunningServer,
    private readonly cell: Cell,
    private readonly load: Child<LoadOperations>,
  ) {
    this.#name = server.variant.name;
  }

  async open(warmUpMs: number): Promise<void> {
    const { clients, bytes, work } = this.cell;
    const { origin, variant } = this.server;
    const { remembers = true, livesInCookie = false } = variant;
    const plan = { origin, clients, bytes, remembers, livesInCookie };
    await this.#blaming(async () => {
      this.#misfit = await this.load.ask('enter', { name: this.#name, plan });
      if (this.#misfit === undefined) {
        await this.#warmUp(warmUpMs);
        await this.load.ask('verify', { name: this.#name, work });
        warm.add(this.server);
      }
    });
  }

  /** By time, and where little was done in it, for longer: what was compiled too late would look like the variant's own cost. */
  async #warmUp(warmUpMs: number): Promise<void> {
    const { work } = this.cell;
    const part = warm.has(this.server) ? LATER_WARM_UP : 1;
    let done = 0;
    for (let turn = 0; turn < WARM_UP_TURNS && done < WARM_UP_WORK * part; turn++) {
      const slice = await this.load.ask('work', { name: this.#name, work, milliseconds: warmUpMs * part });
      done += slice.done;
    }
  }

  async slice(milliseconds: number): Promise<void> {
    if (this.#misfit !== undefined) {
      return;
    }
    const { work } = this.cell;
    await this.#blaming(async () => {
      await this.load.ask('work', { name: this.#name, work, milliseconds: LEAD_IN_MS });
      await pause(REST_MS);
      const before = await this.server.usage();
      const slice = await this.load.ask('work', { name: this.#name, work, milliseconds });
      await pause(REST_MS);
      const after = await this.server.usage();
      await this.load.ask('verify', { name: this.#name, work });
      const cpu = after.cpu - before.cpu;
      this.#samples.push({
        cpu: cpu / slice.done,
        perSecond: (slice.done / slice.milliseconds) * 1_000,
        done: slice.done,
        serverBusy: cpu / 1_000 / slice.milliseconds,
      });
    });
  }

  async close(): Promise<Measured> {
    await this.load.ask('leave', { name: this.#name });
    const { heap, peakMemory } = await this.server.usage();
    const misfit = this.#misfit === undefined ? {} : { misfit: this.#misfit };
    return { variant: this.#name, samples: this.#samples, ...misfit, heap, peakMemory };
  }

  async #blaming(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      const { work: done, bytes } = this.cell;
      const what = `${this.#name}: ${WORK_TITLES[done]}, ${sizeTitle(bytes)}`;
      throw new Error(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
}
