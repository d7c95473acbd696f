import { hash } from 'node:crypto';
import type { Clock } from './clock.js';
import { Contest, type ContestLost } from './contest.js';
import { unavailable } from './errors.js';
import type { Forwards } from './forwards.js';
import type { Held } from './held.js';
import {
  admit,
  type AdmissionLimit,
  confirm,
  type Entries,
  marked,
  type Newcomer,
  parseEntries,
  standing,
  takeOver,
  textOf,
  without,
  withdrawn,
  withoutCrashed,
} from './index-entries.js';
import { isExpired, limitOf, REMEMBERED } from './lifetime.js';
import { type Principal, RECORD_FORMAT, type SessionId, type SessionRecord } from './record.js';
import { about, type Emit } from './session-event.js';
import type { StoreGateway } from './store-gateway.js';
import { drawHandle, type RandomSource } from './token.js';
import { WriteQueue } from './write-queue.js';

/** What the index works with and within. */
export interface PrincipalIndexParts {
  readonly gateway: StoreGateway;
  readonly forwards: Forwards;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly random: RandomSource;
  /** Milliseconds after which a change that keeps losing to others gives up. */
  readonly operationTimeout: number;
}

/** What became of a change: what the index says now, or why it was not made. */
type Change = (entries: Entries, now: number) => Entries | undefined;

/** A change that waits for its turn. */
interface PendingChange {
  readonly key: SessionId;
  readonly change: Change;
  readonly spared: SessionId | undefined;
  readonly resolve: (result: Entries | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** One principal's entries as they were read or written last. */
interface Cell {
  readonly record: SessionRecord | undefined;
  readonly entries: Entries;
}

const LOST: ContestLost = {
  what: 'A login kept losing to others of the same user',
  fix: 'Send the request again.',
};

/** Live entries, the oldest of them, that each login looks after: those whose session has expired are dropped. */
const LOOKED_AFTER = 8;

/**
 * Who is logged in where. The sessions of one principal are one record of the store, changed by compare-and-swap: so every
 * store that keeps the contract has an index, each step is atomic in all processes, and its cost follows that principal's
 * own sessions. No step needs two records to change together: a login enters as pending, creates its record and is
 * confirmed; who ends sessions marks their entries first, removes the records then and drops the entries last. Wherever a
 * process dies in between, nothing is left that anybody can use, and who comes next tidies up.
 */
export class PrincipalIndex {
  readonly #queue = new WriteQueue<PendingChange, Cell>(
    ([pending], latest) => this.#swap(pending, latest),
    1,
  );

  constructor(private readonly parts: PrincipalIndexParts) {}

  /**
   * Enters a login as pending, if there is room for it, and answers the entries: those that must end for it are `going`.
   * Undefined when there is no room.
   */
  async admit(
    principal: Principal,
    newcomer: Newcomer,
    limit?: AdmissionLimit,
  ): Promise<Entries | undefined> {
    const stale = await this.#stale(principal, limit);
    return this.#change(principal, (entries, now) => {
      const kept = entries.filter(({ id, state }) => !(state === 'live' && stale.has(id)));
      return admit(kept, newcomer, limit, now);
    });
  }

  /**
   * Enters the next token of a session as pending beside the one that it takes the place of, and answers the id of that one;
   * `'gone'` when the session is being ended, `'unknown'` when the index does not know it.
   */
  async admitBeside(
    principal: Principal,
    newcomer: Omit<Newcomer, 'beside' | 'replaces'>,
  ): Promise<{ readonly beside: SessionId } | 'gone' | 'unknown'> {
    let answer: { readonly beside: SessionId } | 'gone' | 'unknown' = 'unknown';
    await this.#change(principal, (entries, now) => {
      const old = standing(entries, newcomer.handle);
      answer = old === undefined ? 'unknown' : old === 'gone' ? 'gone' : { beside: old.id };
      return typeof answer === 'string'
        ? undefined
        : admit(entries, { ...newcomer, ...answer }, undefined, now);
    });
    return answer;
  }

  /**
   * A pending login becomes live. Undefined when it was revoked or evicted meanwhile. It is not over while nobody has taken it for
   * crashed, however long it took or the clock was set.
   */
  confirm(principal: Principal, id: SessionId): Promise<Entries | undefined> {
    return this.#change(principal, (entries) => confirm(entries, id), id);
  }

  /** The next token of a session takes its place. Undefined when the session was revoked or evicted meanwhile. */
  takeOver(
    principal: Principal,
    newcomer: Pick<Newcomer, 'id' | 'handle'>,
    former: readonly SessionId[],
  ): Promise<Entries | undefined> {
    return this.#change(principal, (entries) => takeOver(entries, newcomer, former));
  }

  /** Marks entries as going, pending ones included, and answers all entries. */
  async mark(principal: Principal, which: Parameters<typeof marked>[1]): Promise<Entries> {
    return (await this.#change(principal, (entries) => marked(entries, which))) ?? [];
  }

  /** A login has failed: what was marked to go for it stays. `isRemoved` tells whether there is surely no record of it. */
  async withdraw(principal: Principal, id: SessionId, isRemoved: boolean): Promise<void> {
    await this.#change(principal, (entries) => withdrawn(entries, id, isRemoved));
  }

  /** Drops entries whose records are removed. */
  async drop(principal: Principal, ids: readonly SessionId[]): Promise<void> {
    await this.#change(principal, (entries) => without(entries, ids));
  }

  /** The entries, the earliest admitted first. */
  async entries(principal: Principal): Promise<Entries> {
    const { entries } = await this.#read(keyOf(principal));
    return withoutCrashed(entries, this.parts.clock.now());
  }

  /**
   * Of the oldest live entries those whose session has expired; of as many as the limit allows where that is reached, so that
   * nobody has to go for them or is refused.
   */
  async #stale(principal: Principal, { maxSessions }: Partial<AdmissionLimit> = {}): Promise<Set<SessionId>> {
    const { forwards, clock, emit } = this.parts;
    const { entries } = await this.#read(keyOf(principal));
    const live = entries.filter(({ state }) => state === 'live');
    const isFull = maxSessions !== undefined && entries.length >= maxSessions;
    const ids = live
      .slice(0, isFull ? Math.max(maxSessions, LOOKED_AFTER) : LOOKED_AFTER)
      .map(({ id }) => id);
    const found = await forwards.findMany(ids);
    const now = clock.now();
    const stale = ids.filter((_id, place) => isOver(found[place], now));
    // The record first, where the store still has it: no late touch can make it valid again.
    const removed = await Promise.all(stale.map((id) => forwards.remove(id)));
    for (const { record } of removed.filter((one) => one !== undefined)) {
      emit({ type: 'ended', reason: limitOf(record, now), ...about(record) });
    }
    return new Set(stale);
  }

  /** One after another within this process, each starting from what the one before it left. */
  #change(principal: Principal, change: Change, spared?: SessionId): Promise<Entries | undefined> {
    return new Promise((resolve, reject) => {
      const key = keyOf(principal);
      this.#queue.add(key, { key, change, spared, resolve, reject });
    });
  }

  async #swap({ key, change, spared, resolve }: PendingChange, latest: Cell | undefined): Promise<Cell> {
    const contest = new Contest(this.parts.operationTimeout, LOST);
    let cell = latest ?? (await this.#read(key));
    // What the one before left may be an old one by now: it decides nothing that is not written.
    let isCurrent = latest === undefined;
    for (;;) {
      const now = this.parts.clock.now();
      const result = change(withoutCrashed(cell.entries, now, spared), now);
      const next = result ?? cell.entries;
      if (next === cell.entries && isCurrent) {
        resolve(result);
        return cell;
      }
      const stored =
        next === cell.entries ? await this.#read(key) : await this.#write(key, cell.record, next);
      if (stored.entries === next && next !== cell.entries) {
        resolve(result);
        return stored;
      }
      await contest.nextRound();
      cell = stored;
      isCurrent = true;
    }
  }

  /** What is stored then: the given entries, or those that another process stored meanwhile. */
  async #write(key: SessionId, before: SessionRecord | undefined, entries: Entries): Promise<Cell> {
    const { gateway } = this.parts;
    const record = this.#record(before, entries);
    if (before === undefined) {
      return (await gateway.create(key, record)) ? { record, entries } : this.#read(key);
    }
    const answer = await gateway.replace(key, record, before.version);
    return answer.done ? { record, entries } : cellOf(answer.current);
  }

  #record(before: SessionRecord | undefined, entries: Entries): SessionRecord {
    const { clock, random } = this.parts;
    const now = clock.now();
    // It lives longer than the last of its sessions, and than a crashed login.
    const expiresAt = REMEMBERED + Math.max(now, ...entries.map(({ endsAt }) => endsAt));
    return Object.freeze({
      format: RECORD_FORMAT,
      version: random.version(),
      fields: textOf(entries),
      lengths: [],
      createdAt: before?.createdAt ?? now,
      lastSeenAt: Math.max(now, before?.lastSeenAt ?? now),
      idle: 0,
      absoluteAt: END_OF_TIME,
      expiresAt,
      handle: before?.handle ?? drawHandle(random),
      meta: '{}',
    });
  }

  async #read(key: SessionId): Promise<Cell> {
    return cellOf(await this.parts.gateway.read(key));
  }
}

function isOver(held: Held | undefined, now: number): boolean {
  return held === undefined || isExpired(held.record, now);
}

/** The latest time that a Date can hold. */
const END_OF_TIME = 8_640_000_000_000_000;

/** No session id looks like it: those are 43 characters. */
function keyOf(principal: Principal): SessionId {
  return `principal-${hash('sha256', principal, 'base64url')}` as SessionId;
}

/** Whether an id is that of a record of the index, and of no session. */
export function isIndexId(id: string): boolean {
  return /^principal-[\w-]{43}$/.test(id);
}

/** @throws {SessionError} when the record is not one of ours: nobody is logged in on a guess */
function cellOf(record: SessionRecord | undefined): Cell {
  const entries = record === undefined ? [] : parseEntries(record.fields);
  if (entries === undefined) {
    throw unavailable(
      'the index of a user',
      'its record is damaged; remove it, then this user logs in again',
    );
  }
  return { record, entries };
}
