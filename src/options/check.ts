import { parseDuration } from '../core/duration.js';
import { SessionOptionsError } from './session-options.error.js';

/** How a value is shown in an error. Only what cannot be a secret is shown at all. */
export function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? JSON.stringify(value)
    : value === null || value === undefined
      ? String(value)
      : `a value of type ${typeof value}`;
}

/** @throws {SessionOptionsError} when a value is no object to look options up in */
export function checkObject(option: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SessionOptionsError({
      option,
      problem: `${Array.isArray(value) ? 'a list' : shown(value)} is no object`,
      fix: 'Give an object with the options by name.',
    });
  }
}

export function checkFunction<T>(option: string, value: T): T {
  if (value !== undefined && typeof value !== 'function') {
    throw new SessionOptionsError({
      option,
      problem: `${shown(value)} is no function`,
      fix: 'Give a function, or leave it out.',
    });
  }
  return value;
}

export function checkMethods<T>(option: string, value: T, methods: readonly string[]): T {
  const has = (name: string) =>
    typeof value === 'object' && value !== null && typeof Reflect.get(value, name) === 'function';
  if (value !== undefined && !methods.every(has)) {
    throw new SessionOptionsError({
      option,
      problem: `${shown(value)} has not the methods ${methods.join(' and ')}`,
      fix: 'Give an object that has them, or leave it out.',
    });
  }
  return value;
}

export function checkDuration(
  option: string,
  value: unknown,
  { least = 1, most = Number.MAX_SAFE_INTEGER }: { least?: number; most?: number } = {},
): number {
  const parsed = parseDuration(value);
  if (parsed === undefined || !Number.isFinite(parsed) || parsed < least || parsed > most) {
    const bounds = most === Number.MAX_SAFE_INTEGER ? `at least ${least} ms` : `${least} to ${most} ms`;
    throw new SessionOptionsError({
      option,
      problem: `${shown(value)} is no duration of ${bounds}`,
      fix: "Give milliseconds, or a text such as '30m' or '12h'.",
    });
  }
  return Math.round(parsed);
}

export function checkInteger(option: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
    throw new SessionOptionsError({
      option,
      problem: `${shown(value)} is no whole number above zero`,
      fix: 'Give a number such as 1000.',
    });
  }
  return value;
}

export function checkOneOf<T>(option: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) {
    throw new SessionOptionsError({
      option,
      problem: `${shown(value)} is not possible`,
      fix: `Give one of ${allowed.map((one) => JSON.stringify(one)).join(', ')}.`,
    });
  }
  return found;
}

/** Refuses names that are none, so that a misspelt option does not silently mean nothing. */
export function checkNames(where: string, value: object, known: readonly string[]): void {
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new SessionOptionsError({
      option: where === '' ? unknown : `${where}.${unknown}`,
      problem: 'there is no such option',
      fix: `Known are ${known.join(', ')}.`,
    });
  }
}
