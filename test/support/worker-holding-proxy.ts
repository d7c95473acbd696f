import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { vi } from 'vitest';
import type { ProxyTarget } from './servers/tcp-proxy.js';

/** Stands between an application and a server, and keeps back what the application sends for as long as the test wants. */
export interface HoldingProxy {
  readonly host: string;
  readonly port: number;
  /** Keeps back what is sent from now on; `new`: on connections only that are made from now on. */
  hold(which?: 'all' | 'new'): void;
  /** Waits until something with this text in it is kept back. */
  holds(text: string): Promise<void>;
  /** Delivers what was kept back, and from now on everything at once. */
  release(): void;
  stop(): Promise<void>;
}

/** Starts a proxy on a free port that lets everything pass. */
export async function startHoldingProxy(target: ProxyTarget): Promise<HoldingProxy> {
  const links = new Set<Link>();
  let holdsNew = false;
  const server = createServer((client) => {
    const link = new Link(client, connect(target.port, target.host), holdsNew);
    links.add(link);
    client.on('close', () => links.delete(link));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    hold(which = 'all') {
      holdsNew = true;
      if (which === 'all') {
        links.forEach((link) => (link.isHeld = true));
      }
    },
    holds(text) {
      const seen = () => [...links].some((link) => link.kept.some((bytes) => bytes.includes(text)));
      return vi.waitFor(
        () => {
          if (!seen()) {
            throw new Error('Nothing like it was sent.');
          }
        },
        { timeout: 20_000, interval: 1 },
      );
    },
    release() {
      holdsNew = false;
      links.forEach((link) => link.release());
    },
    async stop() {
      const closed = once(server, 'close');
      server.close();
      links.forEach((link) => link.cut());
      await closed;
    },
  };
}

/** One connection of the application's and its counterpart. */
class Link {
  readonly kept: Buffer[] = [];

  constructor(
    private readonly client: Socket,
    private readonly upstream: Socket,
    public isHeld: boolean,
  ) {
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.cut());
      socket.on('close', () => this.cut());
    }
    client.on('data', (bytes) => {
      if (this.isHeld) {
        this.kept.push(bytes);
      } else {
        upstream.write(bytes);
      }
    });
    upstream.pipe(client);
  }

  release(): void {
    this.isHeld = false;
    this.kept.splice(0).forEach((bytes) => this.upstream.write(bytes));
  }

  cut(): void {
    this.client.destroy();
    this.upstream.destroy();
  }
}
