import {
  MemorySessionStore,
  type Replaced,
  type SessionId,
  type SessionRecord,
  SessionStore,
} from 'nest-sessions';
import { deferred } from './deferred.js';

/** What a store is asked to do. */
export type StoreOperation = 'open' | 'read' | 'create' | 'replace' | 'touch' | 'remove' | 'close';

/** A call that the store was told to keep waiting. */
export interface HeldCall {
  /** Resolves when the call has arrived. */
  readonly reached: Promise<void>;
  /** Lets it go on. */
  release(): void;
  /** Lets it fail. */
  fail(error?: Error): void;
}

type Behaviour = (work: () => Promise<unknown>) => Promise<unknown>;

const down = () => new Error('The test took the store down.');

/** A memory store that waits, fails, hangs or answers nonsense where the test says so, and counts what it is asked. */
export class ControlledStore extends SessionStore {
  readonly inner = new MemorySessionStore();
  /** What it was asked, but for being opened. */
  readonly calls: StoreOperation[] = [];
  /** How often it was opened. */
  opens = 0;
  /** Applies to every call. */
  readonly #always = new Map<StoreOperation, Behaviour>();
  /** Each applies to one call. */
  readonly #next = new Map<StoreOperation, Behaviour[]>();

  /** How often it was asked to do this. */
  count(operation: StoreOperation): number {
    return this.calls.filter((call) => call === operation).length;
  }

  /** How often it was asked to change something. */
  get writes(): number {
    return this.calls.filter((call) => call !== 'read' && call !== 'close').length;
  }

  /** Keeps the next call from doing its work until it is released. */
  holdNext(operation: StoreOperation): HeldCall {
    return this.#hold(operation, (gate, work) => gate.then(work));
  }

  /** Lets the next call do its work, and keeps its answer back. */
  holdAnswer(operation: StoreOperation): HeldCall {
    return this.#hold(operation, async (gate, work) => {
      const answer = await work();
      await gate;
      return answer;
    });
  }

  /** From now on such calls fail. */
  fail(...operations: StoreOperation[]): void {
    operations.forEach((operation) => this.#always.set(operation, () => Promise.reject(down())));
  }

  /** The next such call fails. */
  failNext(operation: StoreOperation, error: Error = down()): void {
    this.#push(operation, () => Promise.reject(error));
  }

  /** From now on such calls throw before they answer a promise. */
  throwAtOnce(operation: StoreOperation): void {
    this.#always.set(operation, () => {
      throw down();
    });
  }

  /** From now on such calls are never answered. */
  hang(operation: StoreOperation): void {
    this.#always.set(operation, () => new Promise(() => undefined));
  }

  /** From now on such calls are answered with this, and nothing is done. */
  answer(operation: StoreOperation, value: unknown): void {
    this.#always.set(operation, () => Promise.resolve(value));
  }

  /** It works again. */
  heal(): void {
    this.#always.clear();
    this.#next.clear();
  }

  /** What is stored of all sessions, as the application would see the fields. */
  get stored(): Record<string, unknown>[] {
    return this.records.map((record): Record<string, unknown> => JSON.parse(record.fields));
  }

  readonly #known = new Map<SessionId, SessionRecord>();

  /** The records of all sessions. */
  get records(): SessionRecord[] {
    return [...this.#known.values()];
  }

  override open(): Promise<void> {
    return this.#call('open', () => this.inner.open());
  }

  override read(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#call('read', () => this.inner.read(id));
  }

  override create(id: SessionId, record: SessionRecord): Promise<boolean> {
    return this.#call('create', () => this.#noting(id, this.inner.create(id, record)));
  }

  override replace(...args: Parameters<SessionStore['replace']>): Promise<Replaced> {
    return this.#call('replace', () => this.#noting(args[0], this.inner.replace(...args)));
  }

  override touch(...args: Parameters<SessionStore['touch']>): Promise<boolean> {
    return this.#call('touch', () => this.#noting(args[0], this.inner.touch(...args)));
  }

  override remove(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#call('remove', () => this.#noting(id, this.inner.remove(id)));
  }

  override close(): Promise<void> {
    return this.#call('close', () => this.inner.close());
  }

  /** Remembers what is stored after a change. */
  async #noting<T>(id: SessionId, change: Promise<T>): Promise<T> {
    const answer = await change;
    const record = await this.inner.read(id);
    if (record === undefined) {
      this.#known.delete(id);
    } else {
      this.#known.set(id, record);
    }
    return answer;
  }

  #hold(
    operation: StoreOperation,
    behave: (gate: Promise<void>, work: () => Promise<unknown>) => Promise<unknown>,
  ): HeldCall {
    const arrived = deferred(`a call of ${operation}()`);
    const gate = deferred(`the release of ${operation}()`, 20_000);
    this.#push(operation, (work) => {
      arrived.resolve();
      return behave(gate.promise, work);
    });
    return {
      get reached() {
        return arrived.promise;
      },
      release: () => gate.resolve(),
      fail: (error = down()) => gate.reject(error),
    };
  }

  #push(operation: StoreOperation, behaviour: Behaviour): void {
    this.#next.set(operation, [...(this.#next.get(operation) ?? []), behaviour]);
  }

  /** Whatever the behaviour answers is what the caller gets: stores in plain JavaScript may answer anything. */
  #call<T>(operation: StoreOperation, work: () => Promise<T>): Promise<T> {
    if (operation === 'open') {
      this.opens++;
    } else {
      this.calls.push(operation);
    }
    const behaviour = this.#next.get(operation)?.shift() ?? this.#always.get(operation);
    return (behaviour === undefined ? work() : behaviour(work)) as Promise<T>;
  }
}
