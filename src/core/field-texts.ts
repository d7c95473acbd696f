import type { SessionRecord } from './record.js';

/** What a request did to fields: the new text of each, or undefined where it was deleted. */
export type FieldChanges = ReadonlyMap<string, string | undefined>;

/** The two parts of a record that hold the application's fields. */
export type FieldsPart = Pick<SessionRecord, 'fields' | 'lengths'>;

/** The fields of a session that has none. */
export const NO_FIELDS: FieldTexts = new Map();

/** The fields of a record, each as the JSON text of its value, in the order of the record. */
export type FieldTexts = ReadonlyMap<string, string>;

/**
 * Cuts a record's text into its fields without parsing the values. Where the lengths do not fit the text (somebody
 * edited the record), the whole text is parsed once instead. Undefined when the text is no JSON object.
 */
export function cutFields({ fields, lengths }: FieldsPart): FieldTexts | undefined {
  return cutByLengths(fields, lengths) ?? parseWhole(fields);
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
  const parts: string[] = [];
  const lengths: number[] = [];
  for (const [name, value] of texts) {
    const key = JSON.stringify(name);
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

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;

function cutByLengths(text: string, lengths: readonly number[]): FieldTexts | undefined {
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
