import type { Clock } from './clock.js';
import { SessionError } from './errors.js';
import type { AdmissionLimit, Entries, IndexEntry, Newcomer } from './index-entries.js';
import { isExpired } from './lifetime.js';
import type { PrincipalIndex } from './principal-index.js';
import type { Principal, SessionId, SessionRecord } from './record.js';
import type { StoreGateway } from './store-gateway.js';

/** One session of a principal: where it stands in the index, and its record. */
export interface PrincipalSession {
  readonly entry: IndexEntry;
  readonly record: SessionRecord;
}

/** What it works with. */
export interface PrincipalSessionsParts {
  readonly index: PrincipalIndex;
  readonly gateway: StoreGateway;
  readonly clock: Clock;
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
        throw revoked();
      }
      await this.#finish(principal, confirmed);
      return created;
    } catch (error) {
      // The record first. What of this fails is tidied up by the next one who looks, and nobody was given the token.
      await this.#end(principal, [newcomer.id]).catch(() => undefined);
      throw error;
    }
  }

  /** The live sessions, the earliest admitted first, each with its record. What a crash left is tidied up behind it. */
  async list(principal: Principal): Promise<PrincipalSession[]> {
    const entries = await this.parts.index.entries(principal);
    const live = entries.filter(({ state }) => state === 'live');
    const records = live.length === 0 ? [] : await this.parts.gateway.readMany(live.map(({ id }) => id));
    const found = live.flatMap((entry, place) => {
      const record = records[place];
      return record !== undefined && this.#isTheirs(record, principal) ? [{ entry, record }] : [];
    });
    const there = new Set(found.map(({ entry }) => entry));
    const gone = entries.filter(
      (entry) => entry.state === 'going' || (entry.state === 'live' && !there.has(entry)),
    );
    this.parts.background(this.#end(principal, idsOf(gone)));
    return found;
  }

  /** A live session by its public name; undefined for one that is not this principal's. */
  async find(principal: Principal, handle: string): Promise<PrincipalSession | undefined> {
    const entry = (await this.parts.index.entries(principal)).find(
      (candidate) => candidate.state === 'live' && candidate.handle === handle,
    );
    const record = entry && (await this.parts.gateway.read(entry.id));
    return entry === undefined || record === undefined || !this.#isTheirs(record, principal)
      ? undefined
      : { entry, record };
  }

  /** Ends those sessions of a principal that are chosen, logins under way included, and answers which were there. */
  async end(principal: Principal, which: (entry: IndexEntry) => boolean): Promise<readonly IndexEntry[]> {
    const chosen = (await this.#mark(principal, which)).filter((entry) => which(entry));
    await this.#end(principal, idsOf(chosen));
    return chosen;
  }

  /** Takes note that a session's record is removed. Nobody waits for it: an entry without a record shows nothing. */
  ended(principal: Principal, id: SessionId): void {
    this.parts.background(this.parts.index.drop(principal, [id]));
  }

  /** Another principal under this id would be a store that answers what it was not asked. */
  #isTheirs(record: SessionRecord, principal: Principal): boolean {
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
      return this.parts.index.entries(principal);
    }
  }

  /** Removes what is marked as going: what had to go for a login, and what a crash left. */
  async #finish(principal: Principal, entries: Entries): Promise<void> {
    await this.#end(principal, idsOf(entries.filter(({ state }) => state === 'going')));
  }

  async #end(principal: Principal, ids: readonly SessionId[]): Promise<void> {
    if (ids.length > 0) {
      await Promise.all(ids.map((id) => this.parts.gateway.remove(id)));
      await this.parts.index.drop(principal, ids);
    }
  }
}

function idsOf(entries: Entries): SessionId[] {
  return entries.map(({ id }) => id);
}

function noRoom(limit: AdmissionLimit | undefined): SessionError {
  return new SessionError('session_limit', {
    what: `This user has ${limit?.maxSessions ?? 'too many'} sessions already, and maxSessions allows no more.`,
    fix: "End one of them first, or set onLimit to 'evict-oldest'.",
  });
}

function revoked(): SessionError {
  return new SessionError('session_revoked', {
    what: "All sessions of this user were ended while the login was under way, and the login's with them.",
    fix: 'Log in again.',
  });
}
