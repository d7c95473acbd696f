import type { DatabaseName, Variant } from './variant.js';

/**
 * The variants whose names begin so, with those that they are compared with; all where no names are given.
 *
 * @throws {Error} for a name that none begins with.
 */
export function chosen(
  all: readonly Variant[],
  names: readonly string[] | undefined,
  comparedWith: readonly ('baseline' | 'peer')[],
): readonly Variant[] {
  if (names === undefined) {
    return all;
  }
  const lost = names.find((name) => !all.some((variant) => variant.name.startsWith(name)));
  if (lost !== undefined) {
    const known = all.map(({ name }) => `  ${name}`).join('\n');
    throw new Error(`VARIANTS has '${lost}', and there is none. There are:\n${known}`);
  }
  const named = all.filter((variant) => names.some((name) => variant.name.startsWith(name)));
  const needed = new Set(named.flatMap((variant) => comparedWith.map((role) => variant[role])));
  return all.filter((variant) => named.includes(variant) || needed.has(variant.name));
}

/** The database servers that variants need. */
export function databasesOf(variants: readonly Variant[]): ReadonlySet<DatabaseName> {
  return new Set(variants.flatMap(({ database }) => (database === undefined ? [] : [database])));
}
