import { systemClock } from '../../core/clock.js';
import { SessionError } from '../../core/errors.js';
import { reservedName } from '../../core/field-object.js';
import { cutFields, type FieldTexts, joinFields } from '../../core/field-texts.js';
import { expiryOf } from '../../core/lifetime.js';
import { type CookieAttributes, cookieOf, formatMeta, parseMeta } from '../../core/meta.js';
import { RECORD_FORMAT, type SessionRecord } from '../../core/record.js';
import { drawHandle } from '../../core/token.js';
import type { ExpressStoreOptions } from './express-store.options.js';
import {
  dataOf,
  isObject,
  isSealed,
  RESERVED,
  sealsOf,
  type SessionData,
  toData,
  toRecord,
} from './session-data.js';
import {
  cookieTime,
  haveSameAttributes,
  makeCookie,
  readCookie,
  type StoredCookie,
  withUsualAge,
} from './stored-cookie.js';

/** A stored session, read. */
export interface OpenedObject {
  readonly record: SessionRecord;
  /** False when express-session wrote it: then the record was made up here and is not stored yet. */
  readonly isOurs: boolean;
  readonly texts: FieldTexts;
  readonly object: Readonly<Record<string, unknown>>;
}

/** What the objects of one store look like. */
export interface ObjectTraits {
  /** Names that the store itself adds to what it is given; no fields. */
  readonly ownNames: ReadonlySet<string>;
  /** Whether it can move a session's expiry without writing the session. */
  readonly hasTouch: boolean;
}

/** Turns records into sessions as express-session stores them, and back. */
export class SessionObjects {
  constructor(
    private readonly options: ExpressStoreOptions,
    private readonly traits: ObjectTraits,
  ) {}

  /** Reads what a store answered. Undefined for nothing, for what is no session, and for one that is over. */
  open(id: string, found: unknown): OpenedObject | undefined {
    const texts = isObject(found) ? this.#textsOf(found) : undefined;
    if (!isObject(found) || texts === undefined) {
      return undefined;
    }
    const cookie = withUsualAge(readCookie(found.cookie), this.options.cookie?.originalMaxAge);
    const data = dataOf(found, id);
    if (data !== undefined && isSealed(data, texts, cookie.expires)) {
      return { record: toRecord(data, joinFields(texts)), isOurs: true, texts, object: found };
    }
    if (this.#isOver(cookie)) {
      return undefined;
    }
    const record = data === undefined ? this.#begin(texts, cookie) : this.#takeOver(texts, cookie, data);
    return { record, isOurs: false, texts, object: found };
  }

  /**
   * The object to store for a record. Fields that are as they were `before` keep their very values: stores that hold objects
   * may have dates among them.
   *
   * @throws {SessionError} for a field whose name is taken here
   */
  build(id: string, record: SessionRecord, before?: OpenedObject): Record<string, unknown> {
    const texts = cutFields(record);
    if (texts === undefined) {
      throw new SessionError('session_not_serializable', {
        what: 'The fields of the session are no JSON object.',
        fix: 'Give the record as it was read.',
      });
    }
    const taken = [...texts.keys()].find((name) => this.#isTaken(name));
    if (taken !== undefined) {
      throw reservedName(taken);
    }
    const expires = cookieTime(record.expiresAt + this.#ahead());
    const values = [...texts].map(([name, text]): [string, unknown] => [
      name,
      before?.texts.get(name) === text ? before.object[name] : JSON.parse(text),
    ]);
    return Object.fromEntries([
      ['cookie', makeCookie({ attributes: this.#attributesOf(record.meta), expires })],
      ...values,
      [RESERVED, toData(id, record, sealsOf(texts, expires))],
    ]);
  }

  /** A session that express-session began: its limits count from now on. */
  #begin(texts: FieldTexts, { attributes }: StoredCookie): SessionRecord {
    const { clock, random, lifetime } = this.options;
    const now = clock.now();
    const span = { lastSeenAt: now, idle: this.#idleOf(attributes), absoluteAt: now + lifetime.absolute };
    return {
      format: RECORD_FORMAT,
      version: random.version(),
      ...joinFields(texts),
      createdAt: now,
      ...span,
      expiresAt: expiryOf(span),
      handle: drawHandle(random),
      meta: this.#isUsual(attributes) ? '{}' : formatMeta({ cookie: attributes }),
    };
  }

  /** A session of ours that express-session wrote since. The store says that it is alive; its absolute limit stays. */
  #takeOver(texts: FieldTexts, { attributes }: StoredCookie, data: SessionData): SessionRecord {
    const isSame = haveSameAttributes(attributes, this.#attributesOf(data.meta));
    const { absoluteAt } = data;
    const span = {
      lastSeenAt: this.options.clock.now(),
      idle: isSame ? data.idle : this.#idleOf(attributes),
      absoluteAt,
    };
    return {
      ...toRecord(data, joinFields(texts)),
      version: this.options.random.version(),
      ...span,
      expiresAt: expiryOf(span),
      meta: isSame ? data.meta : formatMeta({ ...parseMeta(data.meta), cookie: attributes }),
    };
  }

  /**
   * Whether a session of express-session is over by its cookie. Where the store can move the expiry alone the cookie may be
   * an old one; then the store is believed, as it was before.
   */
  #isOver({ expires }: StoredCookie): boolean {
    return !this.traits.hasTouch && expires !== null && expires <= this.options.clock.now() + this.#ahead();
  }

  /** How far the clock that stores go by, the machine's own, is ahead of ours. */
  #ahead(): number {
    const { clock } = this.options;
    return clock === systemClock ? 0 : systemClock.now() - clock.now();
  }

  #idleOf({ originalMaxAge }: CookieAttributes): number {
    const { lifetime, cookie } = this.options;
    return originalMaxAge === null || originalMaxAge <= 0 || originalMaxAge === cookie?.originalMaxAge
      ? lifetime.idle
      : Math.min(originalMaxAge, lifetime.absolute);
  }

  /** The attributes that a session's cookie is stored with. */
  #attributesOf(meta: string): CookieAttributes {
    return cookieOf(meta) ?? this.options.cookie ?? { originalMaxAge: null };
  }

  /** Whether a cookie is as the options have it, so that its session has none of its own. */
  #isUsual(attributes: CookieAttributes): boolean {
    const { cookie } = this.options;
    const { secure, sameSite } = attributes;
    return (
      cookie !== undefined &&
      haveSameAttributes(attributes, {
        ...(secure === undefined ? {} : { secure }),
        ...(sameSite === undefined ? {} : { sameSite }),
        ...cookie,
      })
    );
  }

  #textsOf(object: Readonly<Record<string, unknown>>): FieldTexts | undefined {
    const texts = new Map<string, string>();
    try {
      for (const [name, value] of Object.entries(object)) {
        const text = this.#isTaken(name) ? undefined : asText(value);
        if (text !== undefined) {
          texts.set(name, text);
        }
      }
    } catch {
      // No JSON, and so nothing of ours nor of express-session's.
      return undefined;
    }
    return texts;
  }

  #isTaken(name: string): boolean {
    return name === 'cookie' || name === RESERVED || this.traits.ownNames.has(name);
  }
}

/** Undefined for what JSON leaves out, whatever the types say. */
function asText(value: unknown): string | undefined {
  return JSON.stringify(value);
}
