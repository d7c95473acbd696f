import type { ExpressSessionStore } from '../../core/express-session-store.js';
import type { Version } from '../../core/record.js';
import { IdLines, type Turn } from './id-lines.js';
import { inTime } from './in-time.js';
import { versionOf } from './session-data.js';
import { StoreCalls } from './store-calls.js';

/** What is known of an id while writes are under way that were waited for in vain. */
interface Fence {
  /** Writes that the store has not answered yet. */
  unanswered: number;
  /** The versions that they write. */
  readonly late: Set<Version>;
  /** What was acknowledged since, a session or that there is none; it counts whatever lands late. */
  since?: { readonly object: object | undefined };
}

/** What may be done with one id in its turn. */
export interface FencedId {
  /** What is stored. */
  get(): Promise<unknown>;
  /** Stores a session; when this resolves it is what is stored, even if an older write lands later. */
  set(object: object): Promise<void>;
  /** Removes the session; when this resolves there is none, even if an older write lands later. */
  destroy(): Promise<void>;
}

/**
 * A store whose ids are worked on one after another. A write that is not answered in time is left alone, so that others can go
 * on; what they are told counts from then on, and when the late one is answered it is made undone: a session that was
 * destroyed meanwhile is destroyed again.
 */
export class FencedStore {
  readonly #calls: StoreCalls;
  readonly #lines = new IdLines();
  readonly #fences = new Map<string, Fence>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #users = 0;

  private constructor(store: ExpressSessionStore) {
    this.#calls = new StoreCalls(store);
    bearErrors(store);
  }

  /**
   * The one of a store: whoever uses the same store in this process waits in the same lines. Each says `stop()` once, when it needs
   * the store no more.
   */
  static of(store: ExpressSessionStore): FencedStore {
    const known: unknown = Reflect.get(store, FENCED);
    if (known instanceof FencedStore) {
      known.#users++;
      return known;
    }
    const fenced = new FencedStore(store);
    fenced.#users++;
    // It belongs to the store and goes with it. A frozen store is nobody else's.
    Reflect.defineProperty(store, FENCED, { value: fenced });
    return fenced;
  }

  /** What is stored of an id, without waiting for a turn. */
  async get(id: string): Promise<unknown> {
    if (this.#isGone(id)) {
      return undefined;
    }
    const found = await this.#calls.get(id);
    // Asked again: it may have been destroyed while the store was about to answer.
    return this.#isGone(id) ? undefined : this.#masked(id, found);
  }

  /** Gives a turn at an id. */
  inTurn<T>(id: string, limit: number, work: (fenced: FencedId) => Promise<T>): Promise<T> {
    return this.#lines.run(id, limit, (turn) =>
      work({
        get: async () => {
          const found = await this.get(id);
          turn.assertCurrent();
          return found;
        },
        set: (object) => this.#set(id, turn, object),
        destroy: async () => {
          turn.assertCurrent();
          await this.#calls.destroy(id);
          this.#acknowledge(id, undefined);
        },
      }),
    );
  }

  /** A method that only some stores have and that reads, such as `all`. */
  optional(name: string): (() => Promise<unknown>) | undefined {
    return this.#calls.optional(name);
  }

  /** `clear`, where the store has it: what was begun before it does not survive it. */
  clearing(limit: number): (() => Promise<unknown>) | undefined {
    const clear = this.#calls.optional('clear');
    return (
      clear &&
      (() =>
        this.#lines.runAlone(limit, async () => {
          await clear();
          [...this.#fences.keys()].forEach((id) => this.#acknowledge(id, undefined));
        }))
    );
  }

  /** With its last user it gives up trying again to undo late writes. What is known of them stays known. */
  stop(): void {
    if (--this.#users > 0) {
      return;
    }
    this.#retries.forEach((retry) => clearTimeout(retry));
    this.#retries.clear();
  }

  async #set(id: string, turn: Turn, object: object): Promise<void> {
    turn.assertCurrent();
    const writing = this.#calls.set(id, object);
    turn.onOvertaken = () => this.#leaveAlone(id, turn.limit, writing, versionOf(object));
    await writing;
    turn.onOvertaken = undefined;
    turn.assertCurrent();
    this.#acknowledge(id, object);
  }

  /** A write is not waited for any longer; it may land at any time. */
  #leaveAlone(id: string, limit: number, writing: Promise<void>, version: Version | undefined): void {
    const fence: Fence = this.#fences.get(id) ?? { unanswered: 0, late: new Set() };
    this.#fences.set(id, fence);
    fence.unanswered++;
    if (version !== undefined) {
      fence.late.add(version);
    }
    const answered = () => {
      fence.unanswered--;
      this.#mend(id, limit, fence);
    };
    writing.then(answered, answered);
  }

  #acknowledge(id: string, object: object | undefined): void {
    const fence = this.#fences.get(id);
    if (fence !== undefined) {
      fence.since = { object };
    }
  }

  #isGone(id: string): boolean {
    const since = this.#fences.get(id)?.since;
    return since !== undefined && since.object === undefined;
  }

  /** What is stored, unless it is a late write that something newer was acknowledged before. */
  #masked(id: string, found: unknown): unknown {
    const fence = this.#fences.get(id);
    return fence?.since !== undefined && isLate(fence, found) ? fence.since.object : found;
  }

  /** Once no late write is under way any more: undoes what they did, tries again while the store is in trouble. */
  #mend(id: string, limit: number, fence: Fence): void {
    if (fence.unanswered > 0 || this.#fences.get(id) !== fence) {
      return;
    }
    const mending = this.inTurn(id, limit, async (fenced) => {
      if (fence.unanswered > 0) {
        return;
      }
      const { since } = fence;
      if (since !== undefined && since.object === undefined) {
        await fenced.destroy();
      } else if (since?.object !== undefined && isLate(fence, await this.#calls.get(id))) {
        await fenced.set(since.object);
      }
      if (fence.unanswered === 0) {
        this.#fences.delete(id);
      }
    });
    inTime('mending', limit, mending).catch(() => {
      const retry = setTimeout(() => {
        this.#retries.delete(retry);
        this.#mend(id, limit, fence);
      }, limit);
      retry.unref();
      this.#retries.add(retry);
    });
  }
}

const FENCED = Symbol('nest-sessions.fenced');

function isLate(fence: Fence, found: unknown): boolean {
  const version = versionOf(found);
  return version !== undefined && fence.late.has(version);
}

/** An error event that nobody listens to ends the process. What it says is said by the next operation too. */
function bearErrors(store: object): void {
  if ('on' in store && typeof store.on === 'function') {
    store.on('error', () => undefined);
  }
}
