import type { Clock } from './clock.js';
import { idTaken } from './errors.js';
import type { Forwards } from './forwards.js';
import { NO_FIELDS, mergeFields } from './field-texts.js';
import { Held, NO_FORWARDS } from './held.js';
import { expiryOf, isOverAt, REMEMBERED } from './lifetime.js';
import { changeMeta, formatMeta, tokenNoteOf } from './meta.js';
import type { RecordMaker } from './record-maker.js';
import type { SessionId, SessionRecord, Version } from './record.js';
import type { Rotated, SessionChange } from './session-backend.js';
import type { StoreGateway } from './store-gateway.js';
import type { RandomSource, SessionIdentity } from './token.js';

/** What a rotation works with. */
export interface RotationParts {
  readonly gateway: StoreGateway;
  readonly forwards: Forwards;
  readonly records: RecordMaker;
  readonly random: RandomSource;
  readonly clock: Clock;
  /** Takes work that nobody waits for and whose failure harms nobody. */
  readonly background: (work: Promise<unknown>) => void;
}

/** Attempts at a session that others keep writing. */
const ATTEMPTS = 20;

/**
 * Gives sessions another token: the record is copied under the new id, and the old record becomes a forward to it, if it is
 * still what was copied. No step needs two records to change together. Until the forward stands nobody can reach the copy; from
 * then on both tokens lead to it, so that an answer which is lost logs nobody out.
 */
export class Rotation {
  constructor(private readonly parts: RotationParts) {}

  /** Without a `change` it is only time for another token, which no one is given whose own has been overruled. */
  async run(held: Held, identity: SessionIdentity, change?: SessionChange): Promise<Rotated> {
    const { gateway, random } = this.parts;
    const forwardVersion = random.version();
    let current = held;
    let copy: SessionRecord | undefined;
    let outcome = this.#obstacle(current, change);
    for (let attempt = 0; outcome === undefined && attempt < ATTEMPTS; attempt++) {
      copy = await this.#copy(current, change, { id: identity.id, before: copy, forwardVersion });
      if (copy === undefined) {
        return 'gone';
      }
      // Where this fails it is unknown whether the forward stands: the copy stays, for the forward may lead to it.
      const forward = forwardTo(identity.id, current, forwardVersion);
      const answer = await gateway.replace(current.id, forward, current.record.version);
      if (answer.done) {
        // Past a token that has been seen no forward may lead: that it was seen is what refuses the ones before it.
        if (!current.isOverruled) {
          this.#redirect(held, identity.id);
        }
        if (held.isFirstSeen) {
          this.parts.background(this.parts.forwards.letGo(held));
        }
        const holder = {
          token: identity.token,
          seenAt: held.seenAt,
          hold: 'given',
          via: NO_FORWARDS,
        } as const;
        return new Held(identity.id, copy, holder);
      }
      if (answer.current === undefined) {
        outcome = 'gone';
      } else {
        current = current.with(answer.current);
        outcome = this.#obstacle(current, change);
      }
    }
    if (copy !== undefined) {
      this.parts.background(gateway.remove(identity.id));
    }
    return outcome ?? 'overtaken';
  }

  /** Why a session gets no other token now; undefined when it may. */
  #obstacle(current: Held, change: SessionChange | undefined): 'gone' | 'overtaken' | undefined {
    const { record, seenAt, isOverruled } = current;
    if (record.next !== undefined || (isOverruled && change === undefined)) {
      return 'overtaken';
    }
    // Another token is no reason to bring back what has ended since the request came.
    return isOverAt(record, seenAt, this.parts.clock.now()) ? 'gone' : undefined;
  }

  /** Stores the copy, anew where the session has changed since. Undefined when somebody who ended the session removed it. */
  async #copy(
    current: Held,
    change: SessionChange = NO_CHANGE,
    to: { id: SessionId; before: SessionRecord | undefined; forwardVersion: Version },
  ): Promise<SessionRecord | undefined> {
    const { gateway, records, random } = this.parts;
    const copy = records.copy(copied(current, change), {
      version: random.version(),
      former: { id: current.id, version: to.forwardVersion },
    });
    if (to.before === undefined) {
      if (!(await gateway.create(to.id, copy))) {
        throw idTaken();
      }
      return copy;
    }
    return (await gateway.replace(to.id, copy, to.before.version)).done ? copy : undefined;
  }

  /** Lets the forwards that led to the session lead to its new record at once, so that they form no chain. */
  #redirect({ holder: { via, seenAt } }: Held, next: SessionId): void {
    const { gateway, random } = this.parts;
    for (const { id, record } of via) {
      const lastSeenAt = Math.max(record.lastSeenAt, seenAt);
      const expiresAt = expiryOf({ ...record, lastSeenAt });
      const forward = { ...record, next, lastSeenAt, expiresAt, version: random.version() };
      this.parts.background(gateway.replace(id, forward, record.version));
    }
  }
}

const NO_CHANGE: SessionChange = { fields: new Map() };

/**
 * The session to copy. Who comes with a former token has not shown that they are who proved their identity last: what followed
 * from that does not come along, unless they prove theirs by this.
 */
function copied(current: Held, change: SessionChange): Held {
  const isFormer = current.holder.hold === 'former' && change.meta?.authenticatedAt === undefined;
  const meta = changeMeta(current.record.meta, {
    ...(isFormer ? { elevated: undefined, authenticatedAt: undefined } : {}),
    ...change.meta,
  });
  const { idle = current.record.idle } = change;
  return current.with(
    { ...current.record, meta, idle },
    mergeFields((isFormer ? current.visible : current.texts) ?? NO_FIELDS, change.fields),
  );
}

/**
 * What becomes of the record of a token that was replaced. It tells when that token itself was first seen, and nothing else. It
 * outlasts the session by as long as its reuse is to be noticed.
 */
function forwardTo(next: SessionId, { record, holder, seenAt }: Held, version: Version): SessionRecord {
  const note = tokenNoteOf(record.meta);
  const isSeen = note?.seenAt === undefined && holder.hold === 'current';
  const idle = record.idle + REMEMBERED;
  const span = { lastSeenAt: Math.max(record.lastSeenAt, seenAt), idle, absoluteAt: record.absoluteAt };
  return Object.freeze({
    ...record,
    ...span,
    version,
    next,
    fields: '{}',
    lengths: [],
    expiresAt: expiryOf(span),
    meta: note === undefined ? '{}' : formatMeta({ token: isSeen ? { ...note, seenAt } : note }),
  });
}
