import type { SessionRecord } from './record.js';

/** The two parts of a record that hold the application's fields. */
export type FieldsPart = Pick<SessionRecord, 'fields' | 'lengths'>;

/** A field in the text of a record. */
interface Place {
  /** Where the length of its value stands. */
  readonly index: number;
  /** Where its value begins. */
  readonly start: number;
  /** Where its value ends. */
  readonly end: number;
}

/** So many fields are looked for one by one; who asks for more is better served by all of them at once. */
const FEW = 8;

const OPEN = 0x7b;
const CLOSE = 0x7d;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;

/**
 * The fields of a record whose lengths fit its text. A field is cut out when it is asked for, and a change replaces its part of
 * the text: what a request costs follows the fields that it uses, not those that there are.
 */
export class FieldCuts implements ReadonlyMap<string, string> {
  #asked = 0;
  #all: ReadonlyMap<string, string> | undefined;

  private constructor(readonly part: FieldsPart) {}

  /** Undefined where the lengths do not fit, or a name is written with an escape, so that it is not itself in the text. */
  static of({ fields, lengths }: FieldsPart): FieldCuts | undefined {
    // Of a record no more than this part is taken.
    const part = { fields, lengths };
    return fits(part) ? new FieldCuts(part) : undefined;
  }

  get(name: string): string | undefined {
    if (this.#isOften()) {
      return this.#map.get(name);
    }
    const place = this.#find(name);
    return place && this.part.fields.slice(place.start, place.end);
  }

  has(name: string): boolean {
    return this.#isOften() ? this.#map.has(name) : this.#find(name) !== undefined;
  }

  get size(): number {
    return this.#map.size;
  }

  keys(): MapIterator<string> {
    return this.#map.keys();
  }

  values(): MapIterator<string> {
    return this.#map.values();
  }

  entries(): MapIterator<[string, string]> {
    return this.#map.entries();
  }

  [Symbol.iterator](): MapIterator<[string, string]> {
    return this.#map.entries();
  }

  forEach(visit: (value: string, key: string, map: ReadonlyMap<string, string>) => void): void {
    this.#map.forEach(visit);
  }

  /** The fields with another value for one of them, which may be new; undefined where its name cannot be written as it is. */
  put(name: string, value: string): FieldCuts | undefined {
    const { fields, lengths } = this.part;
    const place = this.#find(name);
    if (place === undefined) {
      return isPlain(name) ? this.#append(`"${name}"`, value) : undefined;
    }
    // Joined, so that the new text stands for itself: a concatenation would keep the old one in memory.
    const changed = [fields.slice(0, place.start), value, fields.slice(place.end)].join('');
    return new FieldCuts({ fields: changed, lengths: lengths.with(place.index, value.length) });
  }

  #append(key: string, value: string): FieldCuts {
    const { fields, lengths } = this.part;
    const parts = [fields.slice(0, -1), lengths.length === 0 ? '' : ',', key, ':', value, '}'];
    return new FieldCuts({ fields: parts.join(''), lengths: [...lengths, key.length, value.length] });
  }

  /** As JSON.parse has it, the last one counts where somebody has written a name twice. */
  #find(name: string): Place | undefined {
    const { fields, lengths } = this.part;
    const keyLength = name.length + 2;
    let found: Place | undefined;
    let at = 1;
    for (let index = 1; index < lengths.length; index += 2) {
      const length = lengths[index - 1] ?? 0;
      const start = at + length + 1;
      const end = start + (lengths[index] ?? 0);
      if (length === keyLength && fields.startsWith(name, at + 1)) {
        found = { index, start, end };
      }
      at = end + 1;
    }
    return found;
  }

  #isOften(): boolean {
    return this.#all !== undefined || ++this.#asked > FEW;
  }

  get #map(): ReadonlyMap<string, string> {
    return (this.#all ??= cutAll(this.part));
  }
}

/** Whether a name stands in a JSON text as it is. */
function isPlain(name: string): boolean {
  return JSON.stringify(name) === `"${name}"`;
}

function cutAll({ fields, lengths }: FieldsPart): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  let at = 1;
  for (let index = 1; index < lengths.length; index += 2) {
    const start = at + (lengths[index - 1] ?? 0) + 1;
    const end = start + (lengths[index] ?? 0);
    texts.set(fields.slice(at + 1, start - 2), fields.slice(start, end));
    at = end + 1;
  }
  return texts;
}

function fits({ fields: text, lengths }: FieldsPart): boolean {
  const last = text.length - 1;
  if (
    lengths.length % 2 !== 0 ||
    last < 1 ||
    text.charCodeAt(0) !== OPEN ||
    text.charCodeAt(last) !== CLOSE
  ) {
    return false;
  }
  let at = 1;
  for (let index = 1; index < lengths.length; index += 2) {
    const colon = at + (lengths[index - 1] ?? 0);
    const end = colon + 1 + (lengths[index] ?? 0);
    if (!Number.isInteger(colon) || !Number.isInteger(end)) {
      return false;
    }
    const isLast = index === lengths.length - 1;
    if (
      !(end > colon + 1 && colon > at + 1 && end <= last) ||
      !isQuotedPlainly(text, at, colon) ||
      text.charCodeAt(colon) !== COLON ||
      (!isLast && text.charCodeAt(end) !== COMMA)
    ) {
      return false;
    }
    at = isLast ? end : end + 1;
  }
  return at === last;
}

/** Whether there is a name between quotes, and nothing in it that could stand for something else. */
function isQuotedPlainly(text: string, start: number, end: number): boolean {
  if (text.charCodeAt(start) !== QUOTE || text.charCodeAt(end - 1) !== QUOTE) {
    return false;
  }
  for (let at = start + 1; at < end - 1; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE || code === BACKSLASH) {
      return false;
    }
  }
  return true;
}
