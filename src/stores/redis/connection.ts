import { setTimeout as delay } from 'node:timers/promises';
import { isReadOnly, messageOf } from './driver-error.js';
import { loadDriver, type DriverLoaders } from './load-driver.js';
import { ownClient, type OwnClient } from './own-client.js';
import { commandsOf, type RedisCommands } from './redis-commands.js';
import type { RedisClient } from './redis-client.js';

/** How long to wait at the end for the answers that are under way, in milliseconds. */
const CLOSE_LIMIT = 1_000;

/** How old a connection to a replica gets before it is given up, in milliseconds; so a second one is not made for each write. */
const REDIAL_AFTER = 1_000;

/** How the store comes to its Redis. */
export interface Connection {
  /**
   * No promise where there is nothing to wait for.
   *
   * @throws Error that says why there is no connection
   */
  commands(): Promise<RedisCommands> | RedisCommands;
  close(): Promise<void>;
}

/** A client of the application's, which the application connects and closes. */
export function givenConnection(client: RedisClient): Connection {
  const commands = commandsOf(client);
  return { commands: () => commands, close: async () => undefined };
}

/**
 * A connection to one server, opened when it is first needed. When the server says that it is a replica now, it is dialled
 * anew: a failover moves the name in the url to another server, and leaves the connections to the old one open.
 */
export class OwnConnection implements Connection {
  #link: Promise<Link> | undefined;
  /** Resolves when the connections that were given up are closed. */
  #givenUp: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly url: URL,
    private readonly load?: DriverLoaders,
  ) {}

  async commands(): Promise<RedisCommands> {
    const opening = (this.#link ??= this.#open());
    const link = await opening;
    const redis = await link.commands();
    return {
      run: async (script, key, args) => {
        try {
          return await redis.run(script, key, args);
        } catch (error) {
          if (isReadOnly(error) && this.#link === opening && link.age >= REDIAL_AFTER) {
            this.#link = undefined;
            this.#givenUp = Promise.all([this.#givenUp, link.close()]);
          }
          throw error;
        }
      },
      read: (keys) => redis.read(keys),
      readOne: (key) => redis.readOne(key),
      info: () => redis.info(),
    };
  }

  async close(): Promise<void> {
    const link = await this.#link?.catch(() => undefined);
    await Promise.all([link?.close(), this.#givenUp]);
  }

  async #open(): Promise<Link> {
    try {
      return new Link(ownClient(await loadDriver(this.load), this.url.href), this.url.host);
    } catch (error) {
      // The next call tries again.
      this.#link = undefined;
      throw error;
    }
  }
}

/** A client of our own, and what became of its attempts to connect. */
class Link {
  readonly #commands: RedisCommands;
  /** Resolves when the first attempt has ended, either way. */
  readonly #tried: Promise<void>;
  readonly #since = performance.now();
  #lastError: unknown;

  constructor(
    private readonly own: OwnClient,
    private readonly host: string,
  ) {
    this.#commands = commandsOf(own.client);
    this.#tried = new Promise((resolve) => {
      const note = (error: unknown) => {
        this.#lastError = error;
        resolve();
      };
      own.onReady(resolve);
      own.onError(note);
      own.connect().catch(note);
    });
  }

  /** In milliseconds. */
  get age(): number {
    return performance.now() - this.#since;
  }

  async commands(): Promise<RedisCommands> {
    if (!this.own.isReady()) {
      await this.#tried;
    }
    if (!this.own.isReady()) {
      throw new Error(
        `RedisSessionStore has no connection to ${this.host}: ${messageOf(this.#lastError)}. It goes on trying; check that ` +
          'the server is up and that the url has the right user and password.',
      );
    }
    return this.#commands;
  }

  async close(): Promise<void> {
    if (this.own.isReady()) {
      await Promise.race([
        this.own.quit().catch(() => undefined),
        delay(CLOSE_LIMIT, undefined, { ref: false }),
      ]);
    }
    this.own.kill();
  }
}
