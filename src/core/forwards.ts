import type { Clock } from './clock.js';
import { unavailable } from './errors.js';
import { Held } from './held.js';
import { expiryOf, isPastGrace, isTouchDue, REMEMBERED } from './lifetime.js';
import { tokenNoteOf } from './meta.js';
import type { SessionId, SessionRecord } from './record.js';
import type { StoreGateway } from './store-gateway.js';

/** Forwards in a row that are followed: more than a session can have in the day that each is kept. */
const MOST_HOPS = 2_000;

/**
 * Finds and ends sessions whose token was rotated: the record of the former token is a forward to that of the next one.
 */
export class Forwards {
  constructor(
    private readonly gateway: StoreGateway,
    private readonly clock: Clock,
  ) {}

  /** The session that a record leads to, itself where it is no forward; undefined when that has ended. */
  follow(held: Held): Promise<Held | undefined> {
    return this.#walk(held, () => true);
  }

  /**
   * The same for a client that came with the token of the record: `'refused'` when a token that took its place has been seen
   * so long ago that nobody can honestly still bring this one.
   */
  async open(held: Held): Promise<Held | 'refused' | undefined> {
    let isRefused = false;
    const now = this.clock.now();
    const found = await this.#walk(held, ({ meta, lastSeenAt }) => {
      const seenAt = tokenNoteOf(meta)?.seenAt;
      isRefused = seenAt !== undefined && isPastGrace(seenAt, lastSeenAt, now);
      return !isRefused;
    });
    return isRefused ? 'refused' : found;
  }

  /** Once a token has been seen, the one before it is only remembered for as long as its reuse is to be noticed. */
  async letGo({ record, seenAt }: Held): Promise<void> {
    const former = tokenNoteOf(record.meta)?.former;
    // Of a session that is soon forgotten it ends soon enough by itself.
    if (former !== undefined && record.idle > REMEMBERED) {
      const until = Math.min(seenAt + REMEMBERED, record.absoluteAt);
      await this.gateway.touch(former.id, former.version, seenAt, until);
    }
  }

  /** Keeps the forwards that led to a session as long as somebody comes by them: the other token may never have arrived. */
  async keep({ holder: { via, seenAt } }: Held): Promise<void> {
    const due = via.filter(({ record }) => isTouchDue(record, REMEMBERED / 2, seenAt));
    await Promise.all(
      due.map(({ id, record }) =>
        this.gateway.touch(id, record.version, seenAt, expiryOf({ ...record, lastSeenAt: seenAt })),
      ),
    );
  }

  /** The sessions behind several ids, in their order, each as {@link follow} finds it. */
  async findMany(ids: readonly SessionId[]): Promise<(Held | undefined)[]> {
    const now = this.clock.now();
    const records = ids.length === 0 ? [] : await this.gateway.readMany(ids);
    return Promise.all(
      ids.map((id, place) => {
        const record = records[place];
        return record && this.follow(Held.found(id, record, now));
      }),
    );
  }

  /** Removes a record and all that it leads to. Answers the session that was there, and by what it was found. */
  async remove(id: SessionId): Promise<Held | undefined> {
    let next: SessionId | undefined = id;
    let removed: Held | undefined;
    // It ends: what has been removed is not there a second time.
    while (next !== undefined) {
      const record: SessionRecord | undefined = await this.gateway.remove(next);
      removed = record && (removed?.followed(next, record) ?? Held.found(next, record, this.clock.now()));
      next = record?.next;
    }
    return removed;
  }

  async #walk(held: Held, mayPass: (next: SessionRecord) => boolean): Promise<Held | undefined> {
    let at = held;
    const passed = new Set<SessionId>();
    for (;;) {
      const { next } = at.record;
      if (next === undefined) {
        return at;
      }
      // Somebody has edited the store: forwards that go round lead to nothing.
      if (passed.has(next)) {
        return undefined;
      }
      passed.add(next);
      if (passed.size > MOST_HOPS) {
        throw unavailable('read', 'a session has had more tokens than can be followed');
      }
      const record = await this.gateway.read(next);
      if (record === undefined || !mayPass(record)) {
        return undefined;
      }
      at = at.followed(next, record);
    }
  }
}
