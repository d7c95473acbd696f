import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface ProxyTarget {
  readonly host: string;
  readonly port: number;
}

/** Stands between an application and a server, and spoils what passes. Each command holds from then on. */
export interface TcpProxy {
  readonly host: string;
  readonly port: number;
  /** How many connections are open. */
  readonly connections: number;
  /** How often an answer was dropped or swallowed. */
  readonly spoilt: number;
  /** Lets everything pass, in each direction so many milliseconds later. */
  delay(ms: number): void;
  /**
   * Answers are thrown away and their connection is cut: what was asked was done, unheard. After so many all pass again.
   * @default Infinity
   */
  dropAnswers(times?: number): void;
  /** Answers are thrown away, the connections stay. What passes later would be garbled: `cut()` before `pass()`. */
  swallowAnswers(): void;
  /** Lets everything pass at once. */
  pass(): void;
  /** Cuts every connection; new ones are welcome. */
  cut(): void;
  stop(): Promise<void>;
}

type Mode = 'pass' | 'drop' | 'swallow';

/** Starts a proxy on a free port. */
export async function startProxy(target: ProxyTarget): Promise<TcpProxy> {
  const state = { mode: 'pass' as Mode, delayMs: 0, toDrop: 0, spoilt: 0 };
  const pairs = new Set<readonly [Socket, Socket]>();

  const server = createServer((client) => {
    const upstream = connect(target.port, target.host);
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const end = () => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of pair) {
      socket.setNoDelay(true).on('error', end).on('close', end);
    }
    carry(client, upstream, () => state.delayMs);
    carry(
      upstream,
      client,
      () => state.delayMs,
      () => {
        if (state.mode === 'pass') {
          return true;
        }
        state.spoilt += 1;
        if (state.mode === 'drop') {
          state.toDrop -= 1;
          state.mode = state.toDrop > 0 ? 'drop' : 'pass';
          end();
        }
        return false;
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const set = (mode: Mode, delayMs = 0) => Object.assign(state, { mode, delayMs });
  const cut = () => pairs.forEach((pair) => pair.forEach((socket) => socket.destroy()));
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    get connections() {
      return pairs.size;
    },
    get spoilt() {
      return state.spoilt;
    },
    delay: (ms) => void set('pass', ms),
    dropAnswers(times = Infinity) {
      set('drop');
      state.toDrop = times;
    },
    swallowAnswers: () => void set('swallow'),
    pass: () => void set('pass'),
    cut,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

/** Carries bytes over in their order, late when it says so; what may not pass is left out. */
function carry(from: Socket, to: Socket, delayMs: () => number, mayPass: () => boolean = () => true): void {
  let queue = Promise.resolve();
  let queued = 0;
  from.on('data', (bytes) => {
    const dueAt = Date.now() + delayMs();
    if (queued === 0 && delayMs() === 0) {
      hand(bytes);
      return;
    }
    queued += 1;
    queue = queue.then(async () => {
      const wait = dueAt - Date.now();
      if (wait > 0) {
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
      queued -= 1;
      hand(bytes);
    });
  });

  function hand(bytes: Buffer): void {
    if (mayPass() && !to.destroyed) {
      to.write(bytes);
    }
  }
}
