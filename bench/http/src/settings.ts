import { type Work, WORKS } from './works.js';

/** What a run is told by its environment. */
export interface Settings {
  readonly rounds: number;
  readonly sliceMs: number;
  readonly warmUpMs: number;
  /** Bytes of fields; undefined: those of the default plan. */
  readonly sizes: readonly number[] | undefined;
  readonly works: readonly Work[] | undefined;
  /** How many clients at once. */
  readonly clients: readonly number[] | undefined;
  /** Names, or their beginnings. */
  readonly variants: readonly string[] | undefined;
  /** A module that exports more `variants`. */
  readonly moreVariants: string | undefined;
  /** Where the results go. */
  readonly results: string | undefined;
}

/**
 * Reads the settings.
 *
 * @throws {Error} for what is none.
 */
export function settingsFrom(env: NodeJS.ProcessEnv): Settings {
  const works = listOf(env['WORKS']);
  const unknown = works?.find((work) => !WORKS.includes(work as Work));
  if (unknown !== undefined) {
    throw new Error(`WORKS has '${unknown}', which is none of ${WORKS.join(', ')}.`);
  }
  return {
    rounds: numberOf('ROUNDS', env['ROUNDS'] ?? '7'),
    sliceMs: numberOf('SLICE_MS', env['SLICE_MS'] ?? '700'),
    warmUpMs: numberOf('WARM_UP_MS', env['WARM_UP_MS'] ?? '1000'),
    sizes: listOf(env['SIZES'])?.map((size) => Math.round(numberOf('SIZES', size) * 1_000)),
    works: works as readonly Work[] | undefined,
    clients: listOf(env['CLIENTS'])?.map((count) => numberOf('CLIENTS', count)),
    variants: listOf(env['VARIANTS'], ';'),
    moreVariants: env['MORE_VARIANTS'],
    results: env['RESULTS'],
  };
}

function listOf(text: string | undefined, separator = ','): string[] | undefined {
  return text ? text.split(separator).map((part) => part.trim()) : undefined;
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) {
    throw new Error(`${name} has '${text}', which is no positive number.`);
  }
  return value;
}
