import type { Clock } from './clock.js';
import { SessionError } from './errors.js';
import type { FieldsPart } from './field-cuts.js';
import { type FieldTexts, joinFields, mergeFields, NO_FIELDS } from './field-texts.js';
import type { Held } from './held.js';
import { expiryOf, type Lifetime } from './lifetime.js';
import { changeMeta, formatMeta, type TokenNote, withoutFallen } from './meta.js';
import { recordOf, type RecordRest } from './record-of.js';
import { RECORD_FORMAT, type SessionRecord, type Version } from './record.js';
import type { SessionChange, SessionDraft } from './session-backend.js';

/** What records are made by. */
export interface RecordMakerOptions {
  readonly lifetime: Lifetime;
  readonly clock: Clock;
  /** The most bytes that the text of a session's fields may have. */
  readonly maxBytes: number;
}

/** Makes the records of sessions, wherever they are kept. */
export class RecordMaker {
  constructor(private readonly options: RecordMakerOptions) {}

  /** The first record of a session. */
  first(draft: SessionDraft, drawn: Pick<SessionRecord, 'version' | 'handle'>): SessionRecord {
    const { lifetime, clock } = this.options;
    const now = clock.now();
    const { absolute = lifetime.absolute } = draft;
    const idle = Math.min(draft.idle ?? lifetime.idle, absolute);
    return this.#made(draft.fields, {
      format: RECORD_FORMAT,
      version: drawn.version,
      createdAt: now,
      lastSeenAt: now,
      idle,
      absoluteAt: now + absolute,
      handle: drawn.handle,
      meta: formatMeta(draft.meta ?? {}),
      principal: draft.principal,
      next: undefined,
    });
  }

  /** What follows from a change; undefined when there is nothing to write. */
  next(
    { record, texts = NO_FIELDS, seenAt }: Held,
    change: SessionChange,
    version: () => Version,
  ): { readonly record: SessionRecord; readonly texts: FieldTexts } | undefined {
    const merged = mergeFields(texts, change.fields);
    const { idle = record.idle } = change;
    const meta = changeMeta(record.meta, change.meta);
    if (merged === texts && idle === record.idle && meta === record.meta) {
      return undefined;
    }
    const isActivity = change.isForeign !== true;
    const lastSeenAt = isActivity ? Math.max(record.lastSeenAt, this.options.clock.now()) : record.lastSeenAt;
    const { format, createdAt, absoluteAt, handle, principal, next } = record;
    const made = this.#made(merged, {
      format,
      version: version(),
      createdAt,
      lastSeenAt,
      idle,
      absoluteAt,
      handle,
      // What has fallen away is not among the fields any more; its name is free again.
      meta: withoutFallen(meta, seenAt, merged),
      principal,
      next,
    });
    return { record: made, texts: merged };
  }

  /** The record of the same session under another token. */
  copy(
    { record, texts = NO_FIELDS, seenAt }: Held,
    { version, former }: Pick<SessionRecord, 'version'> & Pick<TokenNote, 'former'>,
  ): SessionRecord {
    const since = this.options.clock.now();
    const { format, createdAt, idle, absoluteAt, handle, principal, next } = record;
    return this.#made(texts, {
      format,
      version,
      createdAt,
      lastSeenAt: Math.max(record.lastSeenAt, since),
      idle,
      absoluteAt,
      handle,
      meta: changeMeta(withoutFallen(record.meta, seenAt, texts), {
        token: { since, ...(former && { former }) },
      }),
      principal,
      next,
    });
  }

  /** The record of these fields, with what follows from the rest. */
  #made(texts: FieldTexts, rest: RecordRest): SessionRecord {
    return Object.freeze(recordOf(this.#packed(texts), rest, expiryOf(rest)));
  }

  #packed(texts: FieldTexts): FieldsPart {
    const packed = joinFields(texts);
    const { maxBytes } = this.options;
    const { length } = packed.fields;
    // A UTF-16 unit is at most three bytes of UTF-8; most sessions need no count.
    if (length * 3 > maxBytes && Buffer.byteLength(packed.fields) > maxBytes) {
      throw new SessionError('session_too_large', {
        what: `The session would take ${Buffer.byteLength(packed.fields)} bytes, more than maxBytes (${maxBytes}).`,
        fix: 'Keep large data elsewhere and its key in the session, or raise maxBytes.',
      });
    }
    return packed;
  }
}
