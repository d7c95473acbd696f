/**
 * Checks a number among the options of a store.
 *
 * @throws RangeError when it is no whole number from 1 to `most`
 */
export function assertWhole(store: string, option: string, value: number, most: number): void {
  if (!(Number.isSafeInteger(value) && value >= 1 && value <= most)) {
    throw new RangeError(`${store} cannot use ${option}: ${value}. Give a whole number from 1 to ${most}.`);
  }
}
