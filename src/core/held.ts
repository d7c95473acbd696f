import { cutFields, type FieldTexts, parseWhole } from './field-texts.js';
import { GRACE } from './lifetime.js';
import { fallenFields, mayElevate, tokenNoteOf } from './meta.js';
import type { SessionId, SessionRecord, Token } from './record.js';
import type { SessionIdentity } from './token.js';

/** A forward that led to a session, as it was read. */
export interface Forward {
  readonly id: SessionId;
  readonly record: SessionRecord;
}

/** Who has a session: a request, by what its client holds. */
export interface Holder {
  readonly token: Token;
  /** When the request that has it read or made it, in milliseconds since the epoch: what its activity is dated with. */
  readonly seenAt: number;
  /**
   * - `current`: the client came with the session's own token.
   * - `former`: it came with one that another has taken the place of, or sees no more than who does.
   * - `given`: it did not come with it; this request made it, or somebody looks at it who holds none.
   */
  readonly hold: 'current' | 'former' | 'given';
  /** The forwards that led here from what the client came with. */
  readonly via: readonly Forward[];
}

/** A session that exists: what the client holds for it, what is stored, and its fields, cut out at most once. */
export class Held implements SessionIdentity {
  #texts: FieldTexts | undefined;

  constructor(
    readonly id: SessionId,
    readonly record: SessionRecord,
    readonly holder: Holder,
    texts?: FieldTexts,
  ) {
    this.#texts = texts;
  }

  /** A session that somebody looks at who holds no token of it; with the hold `former`, without what is elevated. */
  static found(
    id: SessionId,
    record: SessionRecord,
    seenAt: number,
    hold: 'given' | 'former' = 'given',
  ): Held {
    return new Held(id, record, { token: NO_TOKEN, seenAt, hold, via: NO_FORWARDS });
  }

  get token(): Token {
    return this.holder.token;
  }

  get seenAt(): number {
    return this.holder.seenAt;
  }

  /** The same session with another record. */
  with(record: SessionRecord, texts?: FieldTexts): Held {
    return new Held(this.id, record, this.holder, texts);
  }

  /** The same session as somebody else has it, who has a former token where its record is another one by now. */
  as(other: Held): Held {
    const { holder } = other;
    if (holder === this.holder) {
      return this;
    }
    const via = this.holder.via.filter(({ id }) => !holder.via.some((known) => known.id === id));
    const former: Holder = { ...holder, hold: 'former', via: [...holder.via, ...via] };
    return new Held(
      this.id,
      this.record,
      this.id === other.id ? holder : former,
      this.#textsAt(holder.seenAt),
    );
  }

  /** The same session as it is for a request that came at a time; itself where that is no later. */
  at(seenAt: number): Held {
    return seenAt > this.seenAt
      ? new Held(this.id, this.record, { ...this.holder, seenAt }, this.#textsAt(seenAt))
      : this;
  }

  /** What this record, a forward, leads to. */
  followed(id: SessionId, record: SessionRecord): Held {
    const via = [...this.holder.via, { id: this.id, record: this.record }];
    return new Held(id, record, { ...this.holder, hold: 'former', via });
  }

  /** The fields as texts, without those that have fallen away; undefined when the record is corrupt. */
  get texts(): FieldTexts | undefined {
    return (this.#texts ??= this.#standing(cutFields(this.record)));
  }

  /** The fields that the holder may see: who comes with a former token has the session, and not what was elevated since. */
  get visible(): FieldTexts | undefined {
    return this.#shown(this.texts);
  }

  /** The same, from a parse of the whole text: what decides where the cut was wrong. */
  parsed(): FieldTexts | undefined {
    return this.#shown(this.#standing(parseWhole(this.record.fields)));
  }

  /** Whether this is the first that is heard of the session's token, as far as the record tells. */
  get isFirstSeen(): boolean {
    const note = this.holder.hold === 'current' ? tokenNoteOf(this.record.meta) : undefined;
    return note !== undefined && note.seenAt === undefined;
  }

  /** Whether the holder's token was replaced by one that somebody has come with: from then on that one decides. */
  get isOverruled(): boolean {
    return this.holder.hold === 'former' && tokenNoteOf(this.record.meta)?.seenAt !== undefined;
  }

  /**
   * Whether the client may have been given another token meanwhile: its own must not be sent to it once more. An answer that has
   * not come after so long was lost.
   */
  get mayHaveAnother(): boolean {
    if (this.holder.hold !== 'former') {
      return false;
    }
    const note = tokenNoteOf(this.record.meta);
    return note === undefined || note.seenAt !== undefined || Math.abs(this.seenAt - note.since) <= GRACE;
  }

  /** What stood before may have fallen away by then; what has fallen away stays so. */
  #textsAt(seenAt: number): FieldTexts | undefined {
    if (!mayElevate(this.record.meta)) {
      return this.#texts;
    }
    return seenAt > this.seenAt ? undefined : this.texts;
  }

  #standing(texts: FieldTexts | undefined): FieldTexts | undefined {
    return without(texts, fallenFields(this.record.meta, this.seenAt));
  }

  #shown(texts: FieldTexts | undefined): FieldTexts | undefined {
    return this.holder.hold === 'former'
      ? without(texts, fallenFields(this.record.meta, Number.POSITIVE_INFINITY))
      : texts;
  }
}

/** Nobody led anywhere. */
export const NO_FORWARDS: readonly Forward[] = [];

const NO_TOKEN = '' as Token;

function without(texts: FieldTexts | undefined, names: readonly string[]): FieldTexts | undefined {
  if (texts === undefined || names.length === 0) {
    return texts;
  }
  const left = new Map(texts);
  names.forEach((name) => left.delete(name));
  return left;
}
