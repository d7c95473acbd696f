import type { Settings } from './settings.js';
import type { Work } from './works.js';

/** What all variants do in turn: one work on sessions of one size by so many clients at once. */
export interface Cell {
  readonly bytes: number;
  readonly work: Work;
  readonly clients: number;
  readonly rounds: number;
}

/** How many clients are "many". */
export const MANY = 32;

/** Without other orders: everything at 1 KB; elsewhere what changes with the size. A lone client at 1 KB only. */
const DEFAULT_WORKS: Readonly<Record<number, readonly Work[]>> = {
  100: ['read', 'write'],
  1_000: ['read', 'write', 'unused', 'login'],
  10_000: ['read', 'write', 'unused'],
  100_000: ['read', 'write'],
};
const ALONE: { readonly bytes: number; readonly works: readonly Work[] } = {
  bytes: 1_000,
  works: ['read', 'write'],
};
/** Sessions of 100 KB are there to show how costs grow, which fewer rounds show too. */
const FEWER_ROUNDS = { bytes: 100_000, rounds: 3 };

/** The cells of a run, the sizes in their order. */
export function cellsOf({ rounds, sizes, works, clients }: Settings): Cell[] {
  const all = sizes ?? Object.keys(DEFAULT_WORKS).map(Number);
  return all.flatMap((bytes) =>
    (works ?? DEFAULT_WORKS[bytes] ?? ['read', 'write']).flatMap((work) =>
      (clients ?? clientsOf(bytes, work)).map((count) => ({
        bytes,
        work,
        clients: count,
        rounds: bytes === FEWER_ROUNDS.bytes ? Math.min(rounds, FEWER_ROUNDS.rounds) : rounds,
      })),
    ),
  );
}

function clientsOf(bytes: number, work: Work): number[] {
  return bytes === ALONE.bytes && ALONE.works.includes(work) ? [MANY, 1] : [MANY];
}
