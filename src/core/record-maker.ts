import type { Clock } from './clock.js';
import { SessionError } from './errors.js';
import { type FieldTexts, joinFields, mergeFields, NO_FIELDS } from './field-texts.js';
import type { Held } from './held.js';
import { expiryOf, type Lifetime } from './lifetime.js';
import { changeMeta, formatMeta, type TokenNote, withoutFallen } from './meta.js';
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
    const span = { lastSeenAt: now, idle, absoluteAt: now + absolute };
    return Object.freeze({
      format: RECORD_FORMAT,
      version: drawn.version,
      ...this.#packed(draft.fields),
      createdAt: now,
      ...span,
      expiresAt: expiryOf(span),
      handle: drawn.handle,
      meta: formatMeta(draft.meta ?? {}),
      ...(draft.principal === undefined ? {} : { principal: draft.principal }),
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
    const { absoluteAt } = record;
    const next: SessionRecord = Object.freeze({
      ...record,
      ...this.#packed(merged),
      lastSeenAt,
      idle,
      expiresAt: expiryOf({ lastSeenAt, idle, absoluteAt }),
      // What has fallen away is not among the fields any more; its name is free again.
      meta: withoutFallen(meta, seenAt, merged),
      version: version(),
    });
    return { record: next, texts: merged };
  }

  /** The record of the same session under another token. */
  copy(
    { record, texts = NO_FIELDS, seenAt }: Held,
    { version, former }: Pick<SessionRecord, 'version'> & Pick<TokenNote, 'former'>,
  ): SessionRecord {
    const since = this.options.clock.now();
    const { idle, absoluteAt } = record;
    const lastSeenAt = Math.max(record.lastSeenAt, since);
    return Object.freeze({
      ...record,
      ...this.#packed(texts),
      version,
      lastSeenAt,
      expiresAt: expiryOf({ lastSeenAt, idle, absoluteAt }),
      meta: changeMeta(withoutFallen(record.meta, seenAt, texts), {
        token: { since, ...(former && { former }) },
      }),
    });
  }

  #packed(texts: FieldTexts): Pick<SessionRecord, 'fields' | 'lengths'> {
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
