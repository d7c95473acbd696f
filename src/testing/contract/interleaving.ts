/** Starts two calls in the same tick, the first or the second of them first. */
export function startBoth<First, Second>(
  secondLeads: boolean,
  first: () => Promise<First>,
  second: () => Promise<Second>,
): readonly [Promise<First>, Promise<Second>] {
  if (secondLeads) {
    const leading = second();
    return [first(), leading];
  }
  return [first(), second()];
}
