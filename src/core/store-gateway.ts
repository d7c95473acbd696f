import { Deadlines } from './deadlines.js';
import { SessionError, timedOut, unavailable } from './errors.js';
import { RECORD_FORMAT, type SessionId, type SessionRecord, type Version } from './record.js';
import { type Forgotten, type ForgottenListener, isReporting } from './reporting-store.js';
import type { Replaced, SessionStore } from './session-store.js';
import { started } from './started.js';
import { StoreSetupError } from './store-setup.error.js';

/** How long one operation may take and how many may be under way. */
export interface GatewayLimits {
  /** Milliseconds until an operation counts as failed. */
  readonly operationTimeout: number;
  /** Operations that may be outstanding; one that timed out counts until the store answers it. */
  readonly maxPending: number;
  /**
   * Runs what asks the store as no part of the request that it is for. What a driver makes meanwhile may live long, and would keep all
   * of that request in memory with it.
   *
   * @default runs it as it is
   */
  readonly outside?: (<T>(ask: () => T) => T) | undefined;
}

/**
 * The only way from here to the store: every call ends in time, a store that is overrun is not asked more, and whatever
 * goes wrong comes out as one error. What the store answers is looked at before it is believed.
 */
export class StoreGateway {
  readonly #deadlines: Deadlines;
  #pending = 0;

  constructor(
    private readonly store: SessionStore,
    private readonly limits: GatewayLimits,
  ) {
    this.#deadlines = new Deadlines(limits.operationTimeout);
  }

  read(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#call('read', () => this.store.read(id), known);
  }

  readMany(ids: readonly SessionId[]): Promise<(SessionRecord | undefined)[]> {
    return this.#call(
      'readMany',
      () => this.store.readMany(ids),
      (operation, answer) => {
        if (!Array.isArray(answer) || answer.length !== ids.length) {
          throw garbage(operation);
        }
        return answer.map((record: unknown) => known(operation, record));
      },
    );
  }

  create(id: SessionId, record: SessionRecord): Promise<boolean> {
    return this.#call('create', () => this.store.create(id, record), bool);
  }

  replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
    return this.#call('replace', () => this.store.replace(id, record, expected), replaced);
  }

  touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number): Promise<boolean> {
    return this.#call('touch', () => this.store.touch(id, expected, lastSeenAt, expiresAt), bool);
  }

  remove(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#call('remove', () => this.store.remove(id), known);
  }

  /** Tells what the store removes by itself, as far as it can; answers what stops it. */
  onForgotten(listener: ForgottenListener): () => void {
    return isReporting(this.store)
      ? this.store.onForgotten((forgotten) => isForgotten(forgotten) && listener(forgotten))
      : () => undefined;
  }

  /** @throws {StoreSetupError} for a set-up that is wrong; a SessionError when the store is in trouble. */
  open(): Promise<void> {
    return this.#call('open', () => this.store.open(), nothing);
  }

  close(): Promise<void> {
    return this.#call('close', () => this.store.close(), nothing);
  }

  /** Asks the store, and hands its answer on as what `accept` makes of it: a store in plain JavaScript may answer anything. */
  #call<T>(operation: string, ask: () => Promise<unknown>, accept: Accept<T>): Promise<T> {
    if (this.#pending >= this.limits.maxPending && operation !== 'close') {
      return Promise.reject(unavailable(operation, 'too many operations wait for it already'));
    }
    this.#pending++;
    const { outside } = this.limits;
    return new Promise((resolve, reject) => {
      const waiting = this.#deadlines.begin(() => reject(timedOut(operation, this.limits.operationTimeout)));
      // An answer that is no promise is one all the same.
      started(() => Promise.resolve(outside === undefined ? ask() : outside(ask))).then(
        (answer) => {
          this.#pending--;
          this.#deadlines.end(waiting);
          try {
            resolve(accept(operation, answer));
          } catch (error) {
            reject(error);
          }
        },
        (cause: unknown) => {
          this.#pending--;
          this.#deadlines.end(waiting);
          reject(isOurs(cause) ? cause : unavailable(operation, 'it reported an error', cause));
        },
      );
    });
  }
}

/** Looks at what a store answers before it is believed; throws for what the contract does not allow. */
type Accept<T> = (operation: string, answer: unknown) => T;

function isOurs(cause: unknown): boolean {
  return cause instanceof SessionError || cause instanceof StoreSetupError;
}

function nothing(): void {}

function bool(operation: string, answer: unknown): boolean {
  if (typeof answer !== 'boolean') {
    throw garbage(operation);
  }
  return answer;
}

function replaced(operation: string, answer: unknown): Replaced {
  if (!isObject(answer) || typeof answer.done !== 'boolean') {
    throw garbage(operation);
  }
  if (answer.done) {
    return DONE;
  }
  const current = known(operation, answer.current);
  return current === undefined ? { done: false } : { done: false, current };
}

const DONE: Replaced = Object.freeze({ done: true });

function known(operation: string, answer: unknown): SessionRecord | undefined {
  if (answer === undefined || answer === null) {
    return undefined;
  }
  if (!isRecord(answer)) {
    throw garbage(operation);
  }
  if (answer.format > RECORD_FORMAT) {
    throw unavailable(
      operation,
      `the record has format ${answer.format}, newer than this version understands`,
    );
  }
  return answer;
}

function garbage(operation: string): SessionError {
  return unavailable(operation, 'its answer is none that the store contract allows');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** What is not even that is nobody's session, and nobody waits for an error. */
function isForgotten(value: unknown): value is Forgotten {
  return (
    isObject(value) &&
    typeof value.id === 'string' &&
    isObject(value.record) &&
    typeof value.record.handle === 'string' &&
    (value.record.principal === undefined || typeof value.record.principal === 'string')
  );
}

function isRecord(value: unknown): value is SessionRecord {
  return (
    isObject(value) &&
    typeof value.format === 'number' &&
    typeof value.version === 'number' &&
    typeof value.createdAt === 'number' &&
    typeof value.lastSeenAt === 'number' &&
    typeof value.idle === 'number' &&
    typeof value.absoluteAt === 'number' &&
    typeof value.expiresAt === 'number' &&
    typeof value.fields === 'string' &&
    Array.isArray(value.lengths) &&
    typeof value.handle === 'string' &&
    typeof value.meta === 'string' &&
    (value.principal === undefined || typeof value.principal === 'string') &&
    (value.next === undefined || typeof value.next === 'string')
  );
}
