import { started } from '../../core/started.js';
import { isNotAllowed, isUnknownScript, isWrongType, withoutContents } from './driver-error.js';
import {
  isNodeRedis,
  isNodeRedisSentinel,
  isReady,
  methodOf,
  propertyOf,
  type IoredisClient,
  type NodeRedisClient,
  type RedisClient,
  withoutTimers,
} from './redis-client.js';
import { type LostConnections, lostConnectionsOf } from './lost-connections.js';
import { RECORD_FIELDS } from './record.codec.js';
import { ANSWER, READ, type Script } from './scripts.js';

/** What the store asks Redis, the same for every driver. */
export interface RedisCommands {
  /** Runs a script on one key. The list of arguments is the driver's from then on. */
  run(script: Script, key: string, args: string[]): Promise<unknown>;
  /** What each key holds: a record's three texts in a list, none of them when it is not there, or a word for it. */
  read(keys: readonly string[]): Promise<unknown[]>;
  /** The same of one key. */
  readOne(key: string): Promise<unknown>;
  /** INFO of every server that takes writes; of none where it may not be asked. */
  info(): Promise<string[]>;
}

/** Speaks with the client in its driver's way. What it rejects with has no contents of a session in it. */
export function commandsOf(client: RedisClient): RedisCommands {
  return isNodeRedis(client) ? new NodeRedisCommands(client) : new IoredisCommands(client);
}

/**
 * So many commands may be under way without a limit of time for their being sent. More than that only wait where the server
 * has stopped to take any, and must not pile up.
 */
const UNTIMED = 1_000;

class NodeRedisCommands implements RedisCommands {
  readonly #isSentinel: boolean;
  readonly #untimed: NodeRedisClient | undefined;
  #underWay = 0;

  // Made once and not for each command.
  readonly #answered = (answer: unknown): unknown => {
    this.#underWay--;
    return answer;
  };

  constructor(private readonly client: NodeRedisClient) {
    this.#isSentinel = isNodeRedisSentinel(client);
    this.#untimed = withoutTimers(client);
  }

  run(script: Script, key: string, args: string[]): Promise<unknown> {
    return this.#script(script, [key], args);
  }

  readOne(key: string): Promise<unknown> {
    return this.#isSentinel
      ? this.read([key]).then(([found]) => found)
      : this.#send((client) => client.hmGet(key, [...RECORD_FIELDS]), alienOr);
  }

  async read(keys: readonly string[]): Promise<unknown[]> {
    if (!this.#isSentinel) {
      return Promise.all(keys.map((key) => this.readOne(key)));
    }
    // With `replicaPoolSize`, which cannot be seen from here, it sends HMGET to a replica; scripts go to the master. And it
    // waits for the answer to one command before it sends the next, so that this is one for all keys.
    const found = await this.#script(READ, [...keys], []);
    return Array.isArray(found) ? found : [];
  }

  info(): Promise<string[]> {
    return infos(async () => {
      const client = this.#connected();
      const send = methodOf(client, 'sendCommand');
      if (this.#isSentinel && send !== undefined) {
        // `info()` may ask a replica; false says that this is not to be read anywhere.
        return [send(false, ['INFO'])];
      }
      const masters = propertyOf(client, 'masters');
      const nodeClient = methodOf(client, 'nodeClient');
      return Array.isArray(masters) && nodeClient !== undefined
        ? masters.map(async (node) => infoOf(await nodeClient(node)))
        : [infoOf(client)];
    });
  }

  #script(script: Script, keys: string[], args: string[]): Promise<unknown> {
    const input = { keys, arguments: args };
    return this.#send(
      (client) => client.evalSha(script.sha1, input),
      unlessUnknown(() => this.#send((client) => client.eval(script.text, input), refuse)),
    );
  }

  #send(command: Command<NodeRedisClient>, onFailure: OnFailure): Promise<unknown> {
    const answer = started(() => {
      const client = this.#connected();
      const isSentAtOnce = this.#underWay < UNTIMED && isReady(client);
      return command(isSentAtOnce ? (this.#untimed ?? client) : client);
    });
    this.#underWay++;
    return answer.then(this.#answered, (error: unknown) => {
      this.#underWay--;
      return onFailure(error);
    });
  }

  /** Whoever made the client connects it; what the drivers say when it is not is no help. */
  #connected(): NodeRedisClient {
    if (!this.client.isOpen) {
      throw new Error(
        "RedisSessionStore's client of node-redis is not connected, or was closed. Call await client.connect() before the " +
          "application uses it, with client.on('error', …) beside it; close it after the application.",
      );
    }
    return this.client;
  }
}

class IoredisCommands implements RedisCommands {
  readonly #lost: LostConnections;

  constructor(private readonly client: IoredisClient) {
    this.#lost = lostConnectionsOf(client);
  }

  async run(script: Script, key: string, args: string[]): Promise<unknown> {
    const { count } = this.#lost;
    const answer = await this.#send(
      (client) => client.evalsha(script.sha1, 1, key, ...args),
      unlessUnknown(() => this.#send((client) => client.eval(script.text, 1, key, ...args), refuse)),
    );
    // It sends again what was not answered. Where the record does not remember that far back, the conflict may be with what
    // others built on the change that was stored the first time; taken for a plain one, the change would be made twice.
    if (Array.isArray(answer) && answer[3] === ANSWER.unsure && count !== this.#lost.count) {
      throw new Error(
        'RedisSessionStore does not know whether a change was stored: the connection was lost before the answer came, and the ' +
          'session has changed many times since. Send the request again; look at why connections to Redis break.',
      );
    }
    return answer;
  }

  readOne(key: string): Promise<unknown> {
    return this.#send((client) => client.hmget(key, ...RECORD_FIELDS), alienOr);
  }

  read(keys: readonly string[]): Promise<unknown[]> {
    return Promise.all(keys.map((key) => this.readOne(key)));
  }

  info(): Promise<string[]> {
    return infos(async () => {
      const nodes = methodOf(this.client, 'nodes');
      if (nodes === undefined) {
        return [infoOf(this.client)];
      }
      // It knows its nodes when it has answered something.
      await infoOf(this.client);
      const masters = nodes('master');
      return Array.isArray(masters) ? masters.map(infoOf) : [];
    });
  }

  #send(command: Command<IoredisClient>, onFailure: OnFailure): Promise<unknown> {
    return started(() => command(this.client)).catch(onFailure);
  }
}

type Command<Client> = (client: Client) => Promise<unknown>;

/** What a command answers that the driver rejected; what it throws has no contents of a session in it. */
type OnFailure = (error: unknown) => unknown;

function infoOf(client: unknown): unknown {
  return methodOf(client, 'info')?.();
}

/** The text of a script instead of its hash, where the server does not know that: it was restarted, or never saw it. */
function unlessUnknown(byText: () => Promise<unknown>): OnFailure {
  return (error) => (isUnknownScript(error) ? byText() : refuse(error));
}

/** A word for what is no hash. */
function alienOr(error: unknown): string {
  return isWrongType(error) ? ANSWER.alien : refuse(error);
}

function refuse(error: unknown): never {
  throw withoutContents(error);
}

async function infos(ask: () => Promise<readonly unknown[]>): Promise<string[]> {
  try {
    const answers = await Promise.all(await ask());
    return answers.map(String);
  } catch (error) {
    if (isNotAllowed(error)) {
      return [];
    }
    throw withoutContents(error);
  }
}
