import { assertWhole } from '../../core/assert-whole.js';
import type { Clock } from '../../core/clock.js';
import { LONGEST_TIMER } from '../../core/longest-timer.js';

/**
 * Where an {@link LmdbSessionStore} keeps its data and how it forgets.
 *
 * @publicApi
 */
export interface LmdbSessionStoreOptions {
  /**
   * The directory of the database, or its file if the name has an extension (`sessions.mdb`). It is made when it is not
   * there, readable for the user the process runs as and nobody else. It must be on a local disk: LMDB's locks do not
   * work on network file systems.
   */
  readonly path: string;

  /**
   * Bytes of address space to map at first. The map grows by itself; a size that fits from the start saves that work.
   *
   * @default LMDB's own, 128 KiB
   */
  readonly mapSize?: number | undefined;

  /**
   * Milliseconds between two removals of expired sessions. The timer starts with the first use and keeps no process
   * alive.
   *
   * @default 60_000
   */
  readonly sweepInterval?: number | undefined;

  /**
   * Expired sessions removed by one commit. Other writes get their turn after each.
   *
   * @default 100
   */
  readonly sweepBatch?: number | undefined;

  /**
   * Where the time comes from.
   *
   * @default the machine's clock
   */
  readonly clock?: Clock | undefined;
}

/** The options with their defaults, checked. */
export interface ResolvedLmdbOptions {
  readonly path: string;
  readonly mapSize: number | undefined;
  readonly sweepInterval: number;
  readonly sweepBatch: number;
}

/**
 * @throws TypeError when the path is missing.
 * @throws RangeError when a number is not usable.
 */
export function resolveLmdbOptions(options: LmdbSessionStoreOptions): ResolvedLmdbOptions {
  const { path, mapSize, sweepInterval = 60_000, sweepBatch = 100 } = options;
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(
      'LmdbSessionStore needs a path. Give the directory for its database: new LmdbSessionStore({ path }).',
    );
  }
  if (mapSize !== undefined) {
    assertWhole('LmdbSessionStore', 'mapSize', mapSize, Number.MAX_SAFE_INTEGER);
  }
  assertWhole('LmdbSessionStore', 'sweepInterval', sweepInterval, LONGEST_TIMER);
  assertWhole('LmdbSessionStore', 'sweepBatch', sweepBatch, 10_000);
  return { path, mapSize, sweepInterval, sweepBatch };
}
