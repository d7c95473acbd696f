import session, { type SessionData } from 'express-session';
import { deferred } from '../../support/deferred.js';

type Method = 'get' | 'set' | 'destroy' | 'touch';
type Callback = (error?: unknown, answer?: SessionData | null) => void;
/** Does what the store was asked in place of the store, or around it. */
export type Fault = (work: (callback: Callback) => unknown, callback: Callback) => unknown;

/** A call that the store was told to keep. */
export interface KeptCall {
  /** Resolves when the call has arrived. */
  readonly reached: Promise<void>;
  /** Lets the store do its work and answer. */
  release(): void;
}

/** A memory store that misbehaves where the test says so. */
export class FaultyStore extends session.MemoryStore {
  /** The texts of the sessions by id: express-session's own property, which its types leave out. */
  declare readonly sessions: Record<string, string>;
  readonly calls: Method[] = [];
  readonly #next = new Map<Method, Fault[]>();
  readonly #always = new Map<Method, Fault>();

  /** The next call of a method is treated like this. */
  next(method: Method, fault: Fault): void {
    this.#next.set(method, [...(this.#next.get(method) ?? []), fault]);
  }

  /** Every call of a method is treated like this. */
  always(method: Method, fault: Fault): void {
    this.#always.set(method, fault);
  }

  /** Keeps the next call of a method until it is released. */
  keep(method: Method): KeptCall {
    const reached = deferred(`a call of ${method}()`);
    let release = (): void => undefined;
    this.next(method, (work, callback) => {
      release = () => void work(callback);
      reached.resolve();
    });
    return {
      get reached() {
        return reached.promise;
      },
      release: () => release(),
    };
  }

  override get(...args: Parameters<session.MemoryStore['get']>): void {
    return this.#run('get', (callback) => super.get(args[0], callback), args[1]);
  }

  override set(sid: string, data: SessionData, callback?: Callback): void {
    return this.#run('set', (answer) => super.set(sid, data, answer), callback);
  }

  override destroy(sid: string, callback?: Callback): void {
    return this.#run('destroy', (answer) => super.destroy(sid, answer), callback);
  }

  override touch(sid: string, data: SessionData, callback?: Callback): void {
    return this.#run('touch', (answer) => super.touch(sid, data, answer), callback);
  }

  /** Whatever it returns is what the caller gets: stores in plain JavaScript return anything. */
  #run(method: Method, work: (callback: Callback) => void, callback: Callback = () => undefined): void {
    this.calls.push(method);
    const fault = this.#next.get(method)?.shift() ?? this.#always.get(method);
    return fault === undefined ? work(callback) : (fault(work, callback) as undefined);
  }
}
