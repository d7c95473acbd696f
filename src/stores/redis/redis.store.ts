import { askedAfterClose } from '../../core/asked-after-close.js';
import { systemClock, type Clock } from '../../core/clock.js';
import type { SessionId, SessionRecord, Version } from '../../core/record.js';
import { SessionStore, type Replaced } from '../../core/session-store.js';
import { started } from '../../core/started.js';
import { givenConnection, OwnConnection, type Connection } from './connection.js';
import { encodeRecord, encodeTimes } from './record.codec.js';
import type { RedisCommands } from './redis-commands.js';
import {
  resolveRedisOptions,
  type RedisSessionStoreOptions,
  type ResolvedRedisOptions,
} from './redis-store.options.js';
import { recordIn, textIn } from './reply.js';
import { ANSWER, CREATE, REMOVE, REPLACE, TOUCH } from './scripts.js';
import { checkServer } from './server-check.js';

/**
 * How much longer than the session its key lives, in milliseconds. Core judges what has expired; Redis only collects it, and
 * its clock and ours may differ.
 */
const MARGIN = 60_000;

/** The longest life that Redis takes, and far more than a Date. */
const LONGEST = Number.MAX_SAFE_INTEGER;

/**
 * Keeps sessions in Redis 6.2 or newer: shared by all processes on all machines, expired by Redis itself. Each operation is
 * one round trip; what changes a record is a script, which Redis runs as one step.
 *
 * Some drivers send a command again when the connection was lost before its answer came. A `create`, `replace` or `touch` that
 * was done already is recognised, a `replace` also when up to eight others have changed the record since; beyond that it is an
 * error with a client of ioredis, which tells of lost connections. A `remove`
 * that was done the first time answers undefined the second time, as if another request had been quicker.
 *
 * @example
 * const client = await createClient({ url: 'redis://localhost:6379' }).on('error', report).connect();
 * SessionModule.forRoot({ secret, store: new RedisSessionStore({ client }) })
 *
 * @publicApi
 */
export class RedisSessionStore extends SessionStore {
  readonly #options: ResolvedRedisOptions;
  readonly #clock: Clock;
  readonly #connection: Connection;
  #closing: Promise<void> | undefined;

  /**
   * @throws TypeError when there is no client or URL that can be used, the client reads from replicas, or the prefix has a
   * `{`
   */
  constructor(options: RedisSessionStoreOptions) {
    super();
    this.#options = resolveRedisOptions(options);
    this.#clock = options.clock ?? systemClock;
    const { source } = this.#options;
    this.#connection = source instanceof URL ? new OwnConnection(source) : givenConnection(source);
  }

  /**
   * Connects, if the store has a URL, and looks at the server as far as it lets us.
   *
   * @throws {StoreSetupError} when the server is older than 6.2, or throws keys away when its memory is full
   * @throws Error when it cannot be reached or takes no writes
   */
  override open(): Promise<void> {
    return this.#run(async (redis) => {
      const servers = await redis.info();
      servers.forEach((info) => checkServer(info, this.#options.checkEviction));
    });
  }

  read(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#run((redis) => redis.readOne(this.#key(id)).then(recordIn));
  }

  override readMany(ids: readonly SessionId[]): Promise<(SessionRecord | undefined)[]> {
    return this.#run(async (redis) => {
      const found = await redis.read(ids.map((id) => this.#key(id)));
      return ids.map((_, index) => recordIn(found[index]));
    });
  }

  create(id: SessionId, record: SessionRecord): Promise<boolean> {
    return this.#run((redis) => redis.run(CREATE, this.#key(id), this.#written(record)).then(isDone));
  }

  replace(id: SessionId, record: SessionRecord, expected: Version): Promise<Replaced> {
    return this.#run((redis) => {
      const args = this.#written(record);
      args.push(String(expected));
      return redis.run(REPLACE, this.#key(id), args).then(replacedBy);
    });
  }

  touch(id: SessionId, expected: Version, lastSeenAt: number, expiresAt: number): Promise<boolean> {
    return this.#run((redis) => {
      const times = encodeTimes(lastSeenAt, expiresAt);
      const args = [String(expected), String(lastSeenAt), times, this.#life(expiresAt)];
      return redis.run(TOUCH, this.#key(id), args).then(isDone);
    });
  }

  remove(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#run((redis) => redis.run(REMOVE, this.#key(id), []).then(recordIn));
  }

  /** Closes the connection that the store opened; a client that it was given stays open. Every call after it rejects. */
  override close(): Promise<void> {
    this.#closing ??= this.#connection.close();
    return this.#closing;
  }

  #run<T>(work: (redis: RedisCommands) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      return Promise.reject(askedAfterClose('RedisSessionStore'));
    }
    const redis = this.#connection.commands();
    return redis instanceof Promise ? redis.then(work) : started(() => work(redis));
  }

  /** Room for other kinds of keys beside it. */
  #key(id: SessionId): string {
    return `${this.#options.prefix}s:${id}`;
  }

  #written(record: SessionRecord): string[] {
    const { header, fields, times } = encodeRecord(record);
    return [header, fields, times, this.#life(record.expiresAt), String(record.version)];
  }

  /** Milliseconds for PEXPIRE; a key that is due must still be there when the next command comes. */
  #life(expiresAt: number): string {
    const left = Math.ceil(expiresAt - this.#clock.now() + MARGIN);
    return String(Math.min(Math.max(left, 1), LONGEST));
  }
}

function isDone(answer: unknown): boolean {
  return textIn(answer) === ANSWER.done;
}

function replacedBy(answer: unknown): Replaced {
  if (isDone(answer)) {
    return { done: true };
  }
  const current = recordIn(answer);
  return current === undefined ? { done: false } : { done: false, current };
}
