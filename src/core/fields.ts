import { type FieldChanges, type FieldTexts, NO_FIELDS } from './field-texts.js';
import { serialiseField } from './serialise.js';

/** A field that somebody touched: its value now, and the text it had when we last knew it to be stored. */
interface OpenField {
  value: unknown;
  /** False after `delete`; a field that is set to undefined is present and stored as absent. */
  present: boolean;
  stored: string | undefined;
  /** A primitive that was only read cannot change; it needs no look at commit. */
  inert: boolean;
}

/** Where fields were cut from. */
interface FieldsSource {
  /** The fields by a parse of the whole text; undefined when it is no JSON object. */
  parsed(): FieldTexts | undefined;
}

/** Fields as they were at one time. */
type FieldSnapshot = readonly {
  readonly name: string;
  readonly isPresent: boolean;
  readonly value: unknown;
}[];

/**
 * The fields of one session as one request sees them. A field is parsed when it is first touched, and only touched
 * fields are written as text again.
 *
 * Each touched field remembers the text it came from. What has changed is told by comparing with that text, so a change
 * that another request made to the record in the meantime is never mistaken for one of ours.
 */
export class Fields {
  readonly #open = new Map<string, OpenField>();
  #stored: FieldTexts;
  #source: FieldsSource | undefined;
  #onMisfit: (texts: FieldTexts | undefined) => void = () => undefined;

  private constructor(stored: FieldTexts, source?: FieldsSource) {
    this.#stored = stored;
    this.#source = source;
  }

  /** The fields of a session that has none yet. */
  static empty(): Fields {
    return new Fields(NO_FIELDS);
  }

  /** Fields that are already texts. */
  static ofTexts(texts: FieldTexts): Fields {
    return new Fields(texts);
  }

  /**
   * The fields of a record, cut into texts. `onMisfit` is called if a text turns out to be no value after all: with the
   * fields as the whole text has them, or with nothing when that is no JSON either.
   */
  static ofRecord(
    texts: FieldTexts,
    source: FieldsSource,
    onMisfit: (texts: FieldTexts | undefined) => void,
  ): Fields {
    const fields = new Fields(texts, source);
    fields.#onMisfit = onMisfit;
    return fields;
  }

  get(name: string): unknown {
    return this.#touch(name)?.value;
  }

  has(name: string): boolean {
    return this.#open.get(name)?.present ?? this.#stored.has(name);
  }

  /** The names in the order of the record, new ones last. */
  names(): string[] {
    const names = [...this.#stored.keys()].filter((name) => this.has(name));
    for (const [name, field] of this.#open) {
      if (field.present && !this.#stored.has(name)) {
        names.push(name);
      }
    }
    return names;
  }

  set(name: string, value: unknown): void {
    // What is replaced is looked at too: a cut that does not fit would take other fields along with it.
    const stored = this.#touch(name)?.stored;
    this.#open.set(name, { value, present: true, stored, inert: false });
  }

  delete(name: string): void {
    const stored = this.#touch(name)?.stored;
    this.#open.set(name, { value: undefined, present: false, stored, inert: false });
  }

  /** Some fields as they are now, present or not. */
  snapshot(names: readonly string[]): FieldSnapshot {
    return names.map((name) => ({ name, isPresent: this.has(name), value: this.get(name) }));
  }

  /** Makes fields what they were. */
  restore(snapshot: FieldSnapshot): void {
    for (const { name, isPresent, value } of snapshot) {
      if (isPresent) {
        this.set(name, value);
      } else {
        this.delete(name);
      }
    }
  }

  /** Makes these the only fields. */
  replaceAll(values: Readonly<Record<string, unknown>>): void {
    const entries = Object.entries(values);
    for (const name of this.names()) {
      this.delete(name);
    }
    for (const [name, value] of entries) {
      this.set(name, value);
    }
  }

  /** Whether a session with these fields has nothing to store. */
  get isEmpty(): boolean {
    return this.names().every((name) => this.#open.has(name) && this.get(name) === undefined);
  }

  /**
   * What has changed since the fields were read or last stored.
   *
   * @throws {SessionError} `session_not_serializable`
   */
  changes(): FieldChanges {
    let changes: Map<string, string | undefined> | undefined;
    for (const [name, field] of this.#open) {
      if (field.inert) {
        continue;
      }
      const text = textOf(name, field);
      if (text !== field.stored) {
        changes ??= new Map();
        changes.set(name, text);
      }
    }
    return changes ?? NO_CHANGES;
  }

  /** Whether a field was changed here; one that cannot be stored was. */
  isChanged(name: string): boolean {
    const field = this.#open.get(name);
    if (field === undefined || field.inert) {
      return false;
    }
    try {
      return textOf(name, field) !== field.stored;
    } catch {
      return true;
    }
  }

  /** Takes note that these changes are stored now, in a record with these fields. */
  stored(changes: FieldChanges, texts: FieldTexts): void {
    this.#stored = texts;
    this.#source = undefined;
    for (const [name, field] of this.#open) {
      if (changes.has(name)) {
        field.stored = changes.get(name);
      } else if (field.inert) {
        this.#open.delete(name);
      }
    }
  }

  /** Takes note that somebody else's changes are stored now: what was only read here is read anew. */
  rebased(changes: FieldChanges, texts: FieldTexts): void {
    const own = new Set([...changes.keys()].filter((name) => this.isChanged(name)));
    this.#stored = texts;
    this.#source = undefined;
    for (const [name, field] of this.#open) {
      if (!changes.has(name)) {
        continue;
      }
      if (own.has(name)) {
        field.stored = changes.get(name);
      } else {
        this.#open.delete(name);
      }
    }
  }

  #touch(name: string): OpenField | undefined {
    const known = this.#open.get(name);
    if (known !== undefined) {
      return known;
    }
    const stored = this.#stored.get(name);
    if (stored === undefined) {
      return undefined;
    }
    let value: unknown;
    try {
      value = JSON.parse(stored);
    } catch {
      return this.#touchAfterMisfit(name);
    }
    const field = { value, present: true, stored, inert: typeof value !== 'object' || value === null };
    this.#open.set(name, field);
    return field;
  }

  /** The lengths seemed to fit and did not: the whole text decides. */
  #touchAfterMisfit(name: string): OpenField | undefined {
    const texts = this.#source?.parsed();
    this.#source = undefined;
    this.#stored = texts ?? NO_FIELDS;
    if (texts === undefined) {
      this.#open.clear();
    }
    this.#onMisfit(texts);
    return texts && this.#touch(name);
  }
}

/** What a field would be stored as now. */
function textOf(name: string, { present, value }: OpenField): string | undefined {
  return present ? serialiseField(name, value) : undefined;
}

const NO_CHANGES: FieldChanges = new Map();
