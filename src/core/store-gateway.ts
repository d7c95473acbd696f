import { SessionError, timedOut, unavailable } from './errors.js';
import { RECORD_FORMAT, type SessionId, type SessionRecord, type Version } from './record.js';
import { type Forgotten, type ForgottenListener, isReporting } from './reporting-store.js';
import type { Replaced, SessionStore } from './session-store.js';
import { StoreSetupError } from './store-setup.error.js';

/** How long one operation may take and how many may be under way. */
export interface GatewayLimits {
  /** Milliseconds until an operation counts as failed. */
  readonly operationTimeout: number;
  /** Operations that may be outstanding; one that timed out counts until the store answers it. */
  readonly maxPending: number;
}

/**
 * The only way from here to the store: every call ends in time, a store that is overrun is not asked more, and whatever
 * goes wrong comes out as one error. What the store answers is looked at before it is believed.
 */
export class StoreGateway {
  #pending = 0;

  constructor(
    private readonly store: SessionStore,
    private readonly limits: GatewayLimits,
  ) {}

  async read(id: SessionId): Promise<SessionRecord | undefined> {
    return known('read', await this.#call('read', () => this.store.read(id)));
  }

  async readMany(ids: readonly SessionId[]): Promise<(SessionRecord | undefined)[]> {
    const answer = await this.#call('readMany', () => this.store.readMany(ids));
    if (!Array.isArray(answer) || answer.length !== ids.length) {
      throw garbage('readMany');
    }
    return answer.map((record: unknown) => known('readMany', record));
  }

  async create(id: SessionId, record: SessionRecord): Promise<boolean> {
    return bool('create', await this.#call('create', () => this.store.create(id, record)));
  }

  async replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
    const answer = await this.#call('replace', () => this.store.replace(id, record, expected));
    if (!isObject(answer) || typeof answer.done !== 'boolean') {
      throw garbage('replace');
    }
    if (answer.done) {
      return { done: true };
    }
    const current = known('replace', answer.current);
    return current === undefined ? { done: false } : { done: false, current };
  }

  async touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number): Promise<boolean> {
    return bool(
      'touch',
      await this.#call('touch', () => this.store.touch(id, expected, lastSeenAt, expiresAt)),
    );
  }

  async remove(id: SessionId): Promise<SessionRecord | undefined> {
    return known('remove', await this.#call('remove', () => this.store.remove(id)));
  }

  /** Tells what the store removes by itself, as far as it can; answers what stops it. */
  onForgotten(listener: ForgottenListener): () => void {
    return isReporting(this.store)
      ? this.store.onForgotten((forgotten) => isForgotten(forgotten) && listener(forgotten))
      : () => undefined;
  }

  /** @throws {StoreSetupError} for a set-up that is wrong; a SessionError when the store is in trouble. */
  async open(): Promise<void> {
    await this.#call('open', () => this.store.open());
  }

  async close(): Promise<void> {
    await this.#call('close', () => this.store.close());
  }

  /** Answers `unknown`: a store in plain JavaScript may answer anything. */
  #call(operation: string, run: () => Promise<unknown>): Promise<unknown> {
    if (this.#pending >= this.limits.maxPending && operation !== 'close') {
      return Promise.reject(unavailable(operation, 'too many operations wait for it already'));
    }
    this.#pending++;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(timedOut(operation, this.limits.operationTimeout));
      }, this.limits.operationTimeout);
      late.unref();
      const answered = () => {
        this.#pending--;
        clearTimeout(late);
      };
      start(run).then(
        (answer) => {
          answered();
          resolve(answer);
        },
        (cause: unknown) => {
          answered();
          reject(
            cause instanceof SessionError || cause instanceof StoreSetupError
              ? cause
              : unavailable(operation, 'it reported an error', cause),
          );
        },
      );
    });
  }
}

/** Turns a throw before the first promise, and an answer that is no promise, into a promise. */
function start(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return Promise.resolve(run());
  } catch (error) {
    return Promise.reject(error);
  }
}

function bool(operation: string, answer: unknown): boolean {
  if (typeof answer !== 'boolean') {
    throw garbage(operation);
  }
  return answer;
}

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

const NUMBERS = ['format', 'version', 'createdAt', 'lastSeenAt', 'idle', 'absoluteAt', 'expiresAt'] as const;

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
    NUMBERS.every((name) => typeof value[name] === 'number') &&
    typeof value.fields === 'string' &&
    Array.isArray(value.lengths) &&
    typeof value.handle === 'string' &&
    typeof value.meta === 'string' &&
    (value.principal === undefined || typeof value.principal === 'string') &&
    (value.next === undefined || typeof value.next === 'string')
  );
}
