import { cutFields, type FieldTexts } from './field-texts.js';
import type { SessionId, SessionRecord, Token } from './record.js';
import type { SessionIdentity } from './token.js';

/** A session that exists: what the client holds for it, what is stored, and its fields, cut out at most once. */
export class Held implements SessionIdentity {
  #texts: FieldTexts | undefined;

  constructor(
    readonly token: Token,
    readonly id: SessionId,
    readonly record: SessionRecord,
    /** When the request that has it read or made it, in milliseconds since the epoch: what its activity is dated with. */
    readonly seenAt: number,
    texts?: FieldTexts,
  ) {
    this.#texts = texts;
  }

  /** The same session with another record. */
  with(record: SessionRecord, texts?: FieldTexts): Held {
    return new Held(this.token, this.id, record, this.seenAt, texts);
  }

  /** The fields as texts; undefined when the record is corrupt. */
  get texts(): FieldTexts | undefined {
    return (this.#texts ??= cutFields(this.record));
  }
}
