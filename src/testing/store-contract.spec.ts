import { describe, expect, it } from 'vitest';
import type { SessionId, SessionRecord, Version } from '../core/record.js';
import type { ForgottenListener } from '../core/reporting-store.js';
import type { Replaced, SessionStore } from '../core/session-store.js';
import { MemorySessionStore } from '../stores/memory/memory.store.js';
import type { ContractRunner, StoreContractOptions } from './contract/subject.js';
import { storeContract } from './store-contract.js';

const CLAIMS = { shared: false, sweeps: true, reports: true, rejectsAfterClose: true, rounds: 25 };

/** Runs the contract on a store and answers the clauses that it breaks. */
async function brokenClauses(
  create: () => SessionStore,
  claims: StoreContractOptions = CLAIMS,
): Promise<string[]> {
  const clauses: { name: string; body: () => Promise<void> }[] = [];
  const runner: ContractRunner = {
    describe: (_name, body) => body(),
    it: (name, body) => clauses.push({ name, body }),
  };
  const factory = async () => {
    const store = create();
    return { store, close: () => store.close() };
  };
  storeContract('Store', factory, { ...claims, runner });
  const broken: string[] = [];
  for (const { name, body } of clauses) {
    await body().catch(() => broken.push(name));
  }
  return broken;
}

type Mutant = new () => SessionStore;

/** Each breaks one thing, and names a clause that must find it. */
const MUTANTS: Readonly<Record<string, readonly [string, Mutant]>> = {
  'replace inserts': [
    'never brings a removed record back',
    class extends MemorySessionStore {
      override async replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
        const answer = await super.replace(id, record, expected);
        if (!answer.done && answer.current === undefined) {
          await this.create(id, record);
          return { done: true };
        }
        return answer;
      }
    },
  ],
  'replace forgets where a session went': [
    'turns a record into a forward, which lasts longer, and answers it whole',
    class extends MemorySessionStore {
      override replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
        const { next: _, ...others } = record;
        return super.replace(id, others, expected);
      }
    },
  ],
  'replace ignores the expected version': [
    'answers the record that is there when the version is another',
    class extends MemorySessionStore {
      override async replace(id: SessionId, record: SessionRecord): Promise<Replaced> {
        const current = await this.read(id);
        return current === undefined ? { done: false } : super.replace(id, record, current.version);
      }
    },
  ],
  'replace looks and writes in two steps': [
    'of parallel replaces of one version exactly one wins',
    class extends MemorySessionStore {
      override async replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
        const current = await this.read(id);
        if (current?.version !== expected) {
          return { done: false, ...(current === undefined ? {} : { current }) };
        }
        await super.remove(id);
        await super.create(id, record);
        return { done: true };
      }
    },
  ],
  'replace does not answer the current record': [
    'answers the record that is there when the version is another',
    class extends MemorySessionStore {
      override async replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
        return (await super.replace(id, record, expected)).done ? { done: true } : { done: false };
      }
    },
  ],
  'replace does not know its own write again': [
    'answers done when it finds its own version stored: it was sent twice',
    class extends MemorySessionStore {
      override async replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
        const current = await this.read(id);
        return current?.version === record.version && expected !== current.version
          ? { done: false, current }
          : super.replace(id, record, expected);
      }
    },
  ],
  'replace keeps what the new record does not have': [
    'leaves nothing of the old record behind',
    class extends MemorySessionStore {
      override async replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
        return super.replace(id, { ...(await this.read(id)), ...record }, expected);
      }
    },
  ],
  'create overwrites': [
    'never overwrites',
    class extends MemorySessionStore {
      override async create(id: SessionId, record: SessionRecord): Promise<boolean> {
        await this.remove(id);
        return super.create(id, record);
      }
    },
  ],
  'create refuses its own write': [
    'answers true when it finds its own version stored: it was sent twice',
    class extends MemorySessionStore {
      override async create(id: SessionId, record: SessionRecord): Promise<boolean> {
        return (await this.read(id)) === undefined && super.create(id, record);
      }
    },
  ],
  'touch ignores the expected version': [
    'does nothing when the record was replaced since',
    class extends MemorySessionStore {
      override async touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number) {
        const current = await this.read(id);
        return super.touch(id, current?.version ?? expected, lastSeenAt, expiresAt);
      }
    },
  ],
  'touch moves back': [
    'never moves lastSeenAt back',
    class extends MemorySessionStore {
      override async touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number) {
        const current = await this.read(id);
        if (current?.version !== expected) {
          return false;
        }
        await this.remove(id);
        return this.create(id, { ...current, lastSeenAt, expiresAt });
      }
    },
  ],
  'touch changes the version': [
    'still replaces after a touch, which changes no version',
    class extends MemorySessionStore {
      override async touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number) {
        const current = await this.read(id);
        if (current?.version !== expected || lastSeenAt < current.lastSeenAt) {
          return false;
        }
        const version = ((current.version + 1) % 2 ** 48) as Version;
        return (await super.replace(id, { ...current, version, lastSeenAt, expiresAt }, expected)).done;
      }
    },
  ],
  'touch writes back the whole record that it read': [
    'a touch never outlives a remove, remove called second',
    class extends MemorySessionStore {
      override async touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number) {
        const current = await this.read(id);
        if (current?.version !== expected || lastSeenAt < current.lastSeenAt) {
          return false;
        }
        await Promise.resolve();
        await this.remove(id);
        return this.create(id, { ...current, lastSeenAt, expiresAt });
      }
    },
  ],
  'remove answers nothing': [
    'answers what it removed',
    class extends MemorySessionStore {
      override async remove(id: SessionId) {
        await super.remove(id);
        return undefined;
      }
    },
  ],
  'remove looks and removes in two steps': [
    'of parallel removes exactly one answers the record',
    class extends MemorySessionStore {
      override async remove(id: SessionId) {
        const current = await this.read(id);
        await super.remove(id);
        return current;
      }
    },
  ],
  'remove throws for absence': [
    'never takes absence for an error',
    class extends MemorySessionStore {
      override async remove(id: SessionId) {
        const removed = await super.remove(id);
        if (removed === undefined) {
          throw new Error('There is none.');
        }
        return removed;
      }
    },
  ],
  'readMany leaves out what is missing': [
    'reads many in the order of the ids, missing and repeated ones included',
    class extends MemorySessionStore {
      override async readMany(ids: readonly SessionId[]) {
        return (await super.readMany(ids)).filter((record) => record !== undefined);
      }
    },
  ],
  'read answers absent optionals as undefined': [
    'keeps what is absent absent',
    class extends MemorySessionStore {
      override async read(id: SessionId) {
        const record = await super.read(id);
        return record && Object.assign({ principal: undefined, next: undefined }, record);
      }
    },
  ],
  'the text goes through JSON.parse': [
    'keeps spelling that JSON.stringify would change',
    class extends MemorySessionStore {
      override async create(id: SessionId, record: SessionRecord) {
        return super.create(id, { ...record, fields: JSON.stringify(JSON.parse(record.fields)) });
      }
    },
  ],
  'versions are cut to 32 bits': [
    'compares versions exactly, at the ends of 48 bits too',
    class extends MemorySessionStore {
      override async replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
        const current = await this.read(id);
        const same = current !== undefined && current.version >>> 0 === expected >>> 0;
        return super.replace(id, record, same ? current.version : expected);
      }
    },
  ],
  'records are handed out as they are kept': [
    'keeps its record when the caller changes what was read',
    class extends MemorySessionStore {
      readonly #copies = new Map<SessionId, SessionRecord>();
      override async read(id: SessionId) {
        const record = await super.read(id);
        const copy = this.#copies.get(id) ?? structuredClone(record);
        if (copy !== undefined) {
          this.#copies.set(id, copy);
        }
        return copy;
      }
    },
  ],
  'sweep ignores the limit': [
    'sweeps no more than it is asked to, and what expired first goes first',
    class extends MemorySessionStore {
      override sweep(now: number) {
        return super.sweep(now, Number.POSITIVE_INFINITY);
      }
    },
  ],
  'sweep takes what has not expired': [
    'sweeps exactly what has expired',
    class extends MemorySessionStore {
      override sweep(now: number, limit: number) {
        return super.sweep(now + 10_000, limit);
      }
    },
  ],
  'sweep leaves what expires right now': [
    'sweeps exactly what has expired',
    class extends MemorySessionStore {
      override sweep(now: number, limit: number) {
        return super.sweep(now - 1, limit);
      }
    },
  ],
  'sweep is not there': [
    'sweeps exactly what has expired',
    class extends MemorySessionStore {
      override sweep = undefined as never;
    },
  ],
  'sweep does not tell': [
    'tells of each record that its sweep removed, and of no other',
    class extends MemorySessionStore {
      override onForgotten() {
        return () => undefined;
      }
    },
  ],
  'sweep tells without what an event is made of': [
    'tells of each record that its sweep removed, and of no other',
    class extends MemorySessionStore {
      override onForgotten(listener: ForgottenListener) {
        return super.onForgotten(({ record: { principal: _, ...record }, ...rest }) =>
          listener({ ...rest, record }),
        );
      }
    },
  ],
  'sweep tells twice': [
    'tells of each record that its sweep removed, and of no other',
    class extends MemorySessionStore {
      override onForgotten(listener: ForgottenListener) {
        return super.onForgotten((forgotten) => {
          listener(forgotten);
          listener(forgotten);
        });
      }
    },
  ],
  'remove tells, although somebody asked for it': [
    'tells of each record that its sweep removed, and of no other',
    class extends MemorySessionStore {
      #listener: ForgottenListener | undefined;
      override onForgotten(listener: ForgottenListener) {
        this.#listener = listener;
        return super.onForgotten(listener);
      }
      override async remove(id: SessionId) {
        const record = await super.remove(id);
        if (record !== undefined) {
          this.#listener?.({ id, record, why: 'expired' });
        }
        return record;
      }
    },
  ],
  'goes on telling who stopped listening': [
    'tells nobody who has stopped listening, and sweeps all the same',
    class extends MemorySessionStore {
      override onForgotten(listener: ForgottenListener) {
        super.onForgotten(listener);
        return () => undefined;
      }
    },
  ],
  'calls go on after close': [
    'leaves no call hanging after it',
    class extends MemorySessionStore {
      override async close() {}
    },
  ],
};

/** Sweeps, and tells nobody. */
class Silent extends MemorySessionStore {
  override onForgotten = undefined as never;
}

describe('storeContract', () => {
  it('is kept by a store that keeps it', async () => {
    expect(await brokenClauses(() => new MemorySessionStore())).toEqual([]);
  });

  for (const [what, [clause, Store]] of Object.entries(MUTANTS)) {
    it(`finds out when ${what}`, async () => {
      expect(await brokenClauses(() => new Store())).toContain(clause);
    });
  }

  it('finds out when the store has a sweep that was not declared', async () => {
    const claims = { ...CLAIMS, sweeps: false, reports: false };
    const broken = await brokenClauses(() => new Silent(), claims);
    expect(broken).toEqual(['has no sweep that it was not declared to have']);
  });

  it('finds out when the store tells what was not declared', async () => {
    const broken = await brokenClauses(() => new MemorySessionStore(), { ...CLAIMS, reports: false });
    expect(broken).toEqual(['tells nothing that it was not declared to tell']);
  });

  it('asks for a second handle when the data is said to be shared', async () => {
    const broken = await brokenClauses(() => new MemorySessionStore(), { ...CLAIMS, shared: true });
    expect(broken).toContain('see each other’s acknowledged writes at once');
  });

  it('says what to do when there is no test runner', () => {
    expect(() => storeContract('Store', () => Promise.reject(new Error('unused')))).toThrow(
      /options\.runner/,
    );
  });

  it('runs each race as often as it is told to', async () => {
    let created = 0;
    class Counting extends MemorySessionStore {
      override create(id: SessionId, record: SessionRecord) {
        created++;
        return super.create(id, record);
      }
    }
    await brokenClauses(() => new Counting(), { ...CLAIMS, rounds: 0 });
    const without = created;
    created = 0;
    await brokenClauses(() => new Counting(), { ...CLAIMS, rounds: 40 });
    expect(created - without).toBeGreaterThan(40 * 8);
  });
});
