import { FieldCuts, type FieldsPart } from './field-cuts.js';

/** What a request did to fields: the new text of each, or undefined where it was deleted. */
export type FieldChanges = ReadonlyMap<string, string | undefined>;

/** So many changes are put into a text one after another. */
const FEW_CHANGES = 4;

/** The fields of a session that has none. */
export const NO_FIELDS: FieldTexts = new Map();

/** The fields of a record, each as the JSON text of its value, in the order of the record. */
export type FieldTexts = ReadonlyMap<string, string>;

/**
 * Cuts a record's text into its fields without parsing the values. Where the lengths do not fit the text (somebody
 * edited the record), the whole text is parsed once instead. Undefined when the text is no JSON object.
 */
export function cutFields(part: FieldsPart): FieldTexts | undefined {
  return FieldCuts.of(part) ?? cutByLengths(part) ?? parseWhole(part.fields);
}

/** The fields of a text, each parsed and written again, so that they compare with what we would write. */
export function parseWhole(text: string): FieldTexts | undefined {
  const parsed = parseJson(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return undefined;
  }
  return new Map(Object.entries(parsed).map(([name, value]) => [name, JSON.stringify(value)]));
}

/** The text and the lengths of a record with these fields. */
export function joinFields(texts: FieldTexts): FieldsPart {
  if (texts instanceof FieldCuts) {
    return texts.part;
  }
  const parts: string[] = [];
  const lengths: number[] = [];
  for (const [name, value] of texts) {
    const key = keyOf(name);
    parts.push(`${key}:${value}`);
    lengths.push(key.length, value.length);
  }
  return { fields: `{${parts.join(',')}}`, lengths };
}

/**
 * The fields after a request's changes were put on top of them; the very same map when nothing differs. Because only
 * changed fields are named, this is a three-way merge: what another request did to other fields stays.
 */
export function mergeFields(current: FieldTexts, changes: FieldChanges): FieldTexts {
  return mergeInPlace(current, changes) ?? mergeAll(current, changes);
}

/** The same where it is cheaper to put each change in its place; each copies the whole text. */
function mergeInPlace(current: FieldTexts, changes: FieldChanges): FieldTexts | undefined {
  if (changes.size > FEW_CHANGES) {
    return undefined;
  }
  let merged: FieldTexts | undefined = current;
  for (const [name, text] of changes) {
    if (!(merged instanceof FieldCuts)) {
      return undefined;
    }
    if (merged.get(name) === text) {
      continue;
    }
    // A deletion is left to the others: of a name that is there twice both must go.
    merged = text === undefined ? undefined : merged.put(name, text);
  }
  return merged;
}

function mergeAll(current: FieldTexts, changes: FieldChanges): FieldTexts {
  let merged: Map<string, string> | undefined;
  for (const [name, text] of changes) {
    if (current.get(name) === text) {
      continue;
    }
    merged ??= new Map(current);
    if (text === undefined) {
      merged.delete(name);
    } else {
      merged.set(name, text);
    }
  }
  return merged ?? current;
}

/** What a key's text is more than the name in quotes for. */
const TO_ESCAPE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;

function keyOf(name: string): string {
  return TO_ESCAPE.test(name) ? JSON.stringify(name) : `"${name}"`;
}

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;

function cutByLengths({ fields: text, lengths }: FieldsPart): FieldTexts | undefined {
  const texts = new Map<string, string>();
  if (!text.startsWith('{') || lengths.length % 2 !== 0) {
    return undefined;
  }
  let at = 1;
  for (let i = 0; i < lengths.length; i += 2) {
    const colon = at + (lengths[i] ?? 0);
    const end = colon + 1 + (lengths[i + 1] ?? 0);
    const isLast = i + 2 === lengths.length;
    if (
      !(end > colon + 1 && colon > at + 1 && end < text.length) ||
      text.charCodeAt(at) !== QUOTE ||
      text.charCodeAt(colon - 1) !== QUOTE ||
      text.charCodeAt(colon) !== COLON ||
      (!isLast && text.charCodeAt(end) !== COMMA)
    ) {
      return undefined;
    }
    const name = nameOf(text.slice(at, colon));
    if (name === undefined) {
      return undefined;
    }
    texts.set(name, text.slice(colon + 1, end));
    at = isLast ? end : end + 1;
  }
  return at === text.length - 1 && text.endsWith('}') && texts.size === lengths.length / 2
    ? texts
    : undefined;
}

function nameOf(key: string): string | undefined {
  const inner = key.slice(1, -1);
  if (!inner.includes('\\') && !inner.includes('"')) {
    return inner;
  }
  const name = parseJson(key);
  return typeof name === 'string' ? name : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
