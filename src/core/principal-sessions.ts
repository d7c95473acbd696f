import type { Clock } from './clock.js';
import { entriesAfter } from './entry-cursor.js';
import { loginRevoked, SessionError } from './errors.js';
import {
  type AdmissionLimit,
  type Entries,
  type IndexEntry,
  marked,
  type Newcomer,
} from './index-entries.js';
import type { Forwards } from './forwards.js';
import type { Held } from './held.js';
import { isExpired, limitOf } from './lifetime.js';
import type { PrincipalIndex } from './principal-index.js';
import type { Principal, SessionId } from './record.js';
import type { Rotated } from './session-backend.js';
import { about, type Emit } from './session-event.js';

/** One session of a principal: where it stands in the index, and what is stored of it. */
export interface PrincipalSession {
  readonly entry: IndexEntry;
  readonly held: Held;
}

/** Which part of a list. */
export interface Page {
  /** What {@link cursorOf} answered of the entry before it. */
  readonly after?: string | undefined;
  /** How many at most; at least 1. */
  readonly limit: number;
}

/** Removals of one principal that are under way at a time. */
const REMOVED_AT_ONCE = 50;

const WHOLE: Page = { limit: Number.POSITIVE_INFINITY };

/** What it works with. */
export interface PrincipalSessionsParts {
  readonly index: PrincipalIndex;
  readonly forwards: Forwards;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Takes work that nobody waits for and whose failure harms nobody. */
  readonly background: (work: Promise<unknown>) => void;
}

/**
 * The sessions of each principal, index and records together: who may begin one, who has which, and how they are ended.
 * The order of the steps is what keeps it safe (see {@link PrincipalIndex}): a record is removed before its entry.
 */
export class PrincipalSessions {
  constructor(private readonly parts: PrincipalSessionsParts) {}

  /**
   * A login from its admission to its end: `create` makes the record, which counts when its entry is confirmed. Sessions
   * that had to go for it are gone when this resolves.
   *
   * @throws {SessionError} `session_limit` when there is no room, `session_revoked` when everything of the principal was
   * ended while it was under way
   */
  async begin<T>(
    principal: Principal,
    newcomer: Newcomer,
    limit: AdmissionLimit | undefined,
    create: () => Promise<T>,
  ): Promise<T> {
    const { index } = this.parts;
    const admitted = await index.admit(principal, newcomer, limit);
    if (admitted === undefined) {
      throw noRoom(limit);
    }
    try {
      const created = await create();
      const confirmed = await index.confirm(principal, newcomer.id);
      if (confirmed === undefined) {
        throw loginRevoked();
      }
      await this.#finish(principal, confirmed);
      return created;
    } catch (error) {
      // What of this fails is tidied up by the next one who looks, and nobody was given the token. A store that did not answer
      // in time is not waited for again.
      const undone = this.#undo(principal, newcomer.id);
      if (error instanceof SessionError && error.isTimeout) {
        this.parts.background(undone);
      } else {
        await undone;
      }
      throw error;
    }
  }

  /**
   * A rotation from its admission to its end: `rotate` makes the record of the new token and lets the old one lead to it. The
   * session keeps its place in the index and counts once throughout. `former` are the ids that lead to the new one then.
   */
  async rotate(
    principal: Principal,
    newcomer: Omit<Newcomer, 'beside' | 'replaces'>,
    former: readonly SessionId[],
    rotate: () => Promise<Rotated>,
  ): Promise<Rotated> {
    const { index } = this.parts;
    const admitted = await index.admitBeside(principal, newcomer);
    if (admitted === 'gone') {
      return 'gone';
    }
    if (admitted === 'unknown') {
      return rotate();
    }
    let rotated: Rotated | undefined;
    try {
      rotated = await rotate();
    } finally {
      // Where it failed the forward may stand all the same: the session is found through the old entry.
      if (rotated === undefined || typeof rotated === 'string') {
        this.parts.background(index.drop(principal, [newcomer.id]));
      }
    }
    if (typeof rotated === 'string') {
      return rotated;
    }
    if ((await index.takeOver(principal, newcomer, [...former, admitted.beside])) !== undefined) {
      return rotated;
    }
    const { handle } = newcomer;
    const going = (await index.mark(principal, (entry) => entry.handle === handle)).filter(
      (entry) => entry.handle === handle,
    );
    // Whoever marked them may find nothing any more: then the end is told here, whichever record is found.
    const why = going.find((entry) => entry.why !== undefined)?.why;
    await this.#end(
      principal,
      [...going, newcomer].map(({ id }) => ({ id, ...(why && { why }) })),
    );
    return 'gone';
  }

  /**
   * The live sessions, the earliest admitted first, each with its record; no records are read but those of the page, and as many
   * more as had expired. What a crash left is tidied up behind it.
   */
  async list(principal: Principal, { after, limit }: Page = WHOLE): Promise<PrincipalSession[]> {
    const entries = await this.parts.index.entries(principal);
    const listed = after === undefined ? entries : entriesAfter(entries, after);
    const live = listed.filter(({ state }) => state === 'live');
    const gone = entries.filter(({ state }) => state === 'going');
    const found: PrincipalSession[] = [];
    // Each time more of them, so that many that have expired do not cost a call each.
    for (let start = 0, count = limit; start < live.length && found.length < limit; count *= 2) {
      const some = live.slice(start, start + count);
      const helds = await this.parts.forwards.findMany(idsOf(some));
      for (const [place, entry] of some.entries()) {
        const held = helds[place];
        if (held !== undefined && this.#isTheirs(held, principal)) {
          found.push({ entry, held });
        } else {
          gone.push(entry);
        }
      }
      start += count;
    }
    this.parts.background(this.#end(principal, gone));
    return found.slice(0, limit);
  }

  /** A live session by its public name; undefined for one that is not this principal's. */
  async find(principal: Principal, handle: string): Promise<PrincipalSession | undefined> {
    const entry = (await this.parts.index.entries(principal)).find(
      (candidate) => candidate.state === 'live' && candidate.handle === handle,
    );
    const [held] = await this.parts.forwards.findMany(entry === undefined ? [] : [entry.id]);
    return entry === undefined || held === undefined || !this.#isTheirs(held, principal)
      ? undefined
      : { entry, held };
  }

  /** Ends those sessions of a principal that are chosen, logins under way included, and answers which were there. */
  async end(principal: Principal, which: (entry: IndexEntry) => boolean): Promise<readonly IndexEntry[]> {
    const chosen = (await this.#mark(principal, which)).filter((entry) => which(entry));
    await this.#end(principal, chosen);
    // A session whose token is just being rotated has two entries.
    return chosen.filter(({ beside }) => beside === undefined);
  }

  /** Takes note that a session's record is removed. Nobody waits for it: an entry without a record shows nothing. */
  ended(principal: Principal, ids: readonly SessionId[]): void {
    this.parts.background(this.parts.index.drop(principal, ids));
  }

  /** Another principal under this id would be a store that answers what it was not asked. */
  #isTheirs({ record }: Held, principal: Principal): boolean {
    return record.principal === principal && !isExpired(record, this.parts.clock.now());
  }

  async #mark(principal: Principal, which: (entry: IndexEntry) => boolean): Promise<Entries> {
    try {
      return await this.parts.index.mark(principal, which);
    } catch (error) {
      if (error instanceof SessionError && error.isTimeout) {
        throw error;
      }
      // A server that is full refuses to mark and still removes. A login under way is not stopped by that.
      return marked(await this.parts.index.entries(principal), which);
    }
  }

  /** Removes what is marked as going: what had to go for a login, and what a crash left. */
  async #finish(principal: Principal, entries: Entries): Promise<void> {
    await this.#end(
      principal,
      entries.filter(({ state }) => state === 'going'),
    );
  }

  /** A login has failed: its record goes first, and what was to go for it stays. */
  async #undo(principal: Principal, id: SessionId): Promise<void> {
    const isRemoved = await this.parts.forwards.remove(id).then(
      () => true,
      () => false,
    );
    await this.parts.index.withdraw(principal, id, isRemoved).catch(() => undefined);
  }

  async #end(principal: Principal, entries: readonly Ending[]): Promise<void> {
    if (entries.length > 0) {
      // Sessions before what was about to become one: of a session with two tokens the first that is removed is told of.
      await this.#removeAll(entries.filter(({ why }) => why !== undefined));
      await this.#removeAll(entries.filter(({ why }) => why === undefined));
      // Nothing hangs on it any more, and a server that is full may refuse it.
      this.parts.background(this.parts.index.drop(principal, idsOf(entries)));
    }
  }

  /** A few at a time: a user with many sessions does not keep the store from everybody else. */
  async #removeAll(entries: readonly Ending[]): Promise<void> {
    for (let start = 0; start < entries.length; start += REMOVED_AT_ONCE) {
      const some = entries.slice(start, start + REMOVED_AT_ONCE);
      await Promise.all(some.map((entry) => this.#remove(entry)));
    }
  }

  /** Of several who end a session the one who removes it tells. A login that was not finished was none. */
  async #remove({ id, why }: Ending): Promise<void> {
    const { forwards, clock, emit } = this.parts;
    const removed = await forwards.remove(id);
    const now = clock.now();
    const reason = removed && isExpired(removed.record, now) ? limitOf(removed.record, now) : why;
    if (removed !== undefined && reason !== undefined) {
      emit({ type: 'ended', reason, ...about(removed.record) });
    }
  }
}

/** What is needed to know of an entry whose session is ended. */
type Ending = Pick<IndexEntry, 'id' | 'why'>;

function idsOf(entries: readonly Ending[]): SessionId[] {
  return entries.map(({ id }) => id);
}

function noRoom(limit: AdmissionLimit | undefined): SessionError {
  return new SessionError('session_limit', {
    what: `This user has ${limit?.maxSessions ?? 'too many'} sessions already, and maxSessions allows no more.`,
    fix: "End one of them first, or set onLimit to 'evict-oldest'.",
  });
}
