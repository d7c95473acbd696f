import { SessionError } from './errors.js';

/**
 * The JSON text a field is stored as; undefined for a value that JSON leaves out, which is stored as no field at all.
 *
 * @throws {SessionError} `session_not_serializable` for what JSON cannot hold.
 */
export function serialiseField(name: string, value: unknown): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw notSerialisable(name, `a ${typeof value} cannot be stored`);
  }
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw notSerialisable(name, 'JSON cannot hold its value', cause);
  }
  return text;
}

function notSerialisable(name: string, why: string, cause?: unknown): SessionError {
  return new SessionError('session_not_serializable', {
    what: `The session field ${JSON.stringify(name)} cannot be stored: ${why}.`,
    fix: 'Store plain data: no BigInt, no cycle, no function or symbol, no toJSON() or getter that throws.',
    cause,
  });
}

/** What JSON changes without a word, by the name to warn with; undefined when the value comes back as it went in. */
export function findSilentLoss(value: unknown, seen: Set<object> = new Set()): string | undefined {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol') {
    return typeof value;
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    return String(value);
  }
  if (typeof value !== 'object' || value === null || seen.has(value)) {
    return undefined;
  }
  seen.add(value);
  if (!isPlain(value)) {
    return String(Reflect.get(value.constructor ?? {}, 'name') ?? typeof value);
  }
  for (const part of Object.values(value)) {
    const loss = findSilentLoss(part, seen);
    if (loss !== undefined) {
      return loss;
    }
  }
  return undefined;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Array.isArray(value);
}
