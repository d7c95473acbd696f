import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { within } from './within.js';

const LIMIT_MS = 5_000;

/** A server of `node:http` that a test runs. */
export interface TestServer {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
  /** Ends it, with every connection it has. */
  close(): Promise<void>;
}

/** Runs a server on a free port. */
export async function listen(handler: RequestListener, server = createServer(handler)): Promise<TestServer> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    server,
    port,
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

/** A connection on which the test says every byte, and sees every byte that comes back. */
export class RawClient {
  /** Everything received until now, one character a byte. */
  received = '';
  /** Whether the other side has ended the connection or broken it off. */
  isClosed = false;
  readonly #changed = new Set<() => void>();

  private constructor(readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (text) => {
      this.received += String(text);
      this.#tell();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
      this.#tell();
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new RawClient(socket);
    await within(LIMIT_MS, () => 'no connection', once(socket, 'connect'));
    return client;
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** Asks for a path, with these lines in the head beside Host. */
  get(path: string, ...lines: string[]): void {
    this.send([`GET ${path} HTTP/1.1`, 'Host: test', ...lines, '', ''].join('\r\n'));
  }

  /** Waits until what was received matches. */
  async receives(pattern: RegExp, limitMs = LIMIT_MS): Promise<RegExpExecArray> {
    await this.#until(() => pattern.test(this.received) || this.isClosed, `${pattern}`, limitMs);
    const match = pattern.exec(this.received);
    if (match === null) {
      throw new Error(`The connection was closed before ${pattern}; received: ${this.received}`);
    }
    return match;
  }

  /** Waits until the other side has closed the connection, and answers all that it sent. */
  async closed(limitMs = LIMIT_MS): Promise<string> {
    await this.#until(() => this.isClosed, 'the end of the connection', limitMs);
    return this.received;
  }

  /** Breaks the connection off as a client does that goes away. */
  hangUp(): void {
    this.socket.destroy();
  }

  async #until(isSo: () => boolean, what: string, limitMs: number): Promise<void> {
    if (isSo()) {
      return;
    }
    let look: () => void = () => undefined;
    const seen = new Promise<void>((resolve) => {
      look = () => {
        if (isSo()) {
          resolve();
        }
      };
      this.#changed.add(look);
    });
    try {
      await within(limitMs, () => `no ${what}; received: ${this.received.slice(0, 2_000)}`, seen);
    } finally {
      this.#changed.delete(look);
    }
  }

  #tell(): void {
    this.#changed.forEach((look) => look());
  }
}

/** Sends this and answers everything that comes back until the server closes the connection. */
export async function rawRequest(port: number, text: string, limitMs = LIMIT_MS): Promise<string> {
  const client = await RawClient.connect(port);
  try {
    client.send(text);
    return await client.closed(limitMs);
  } finally {
    client.hangUp();
  }
}

/** A client that keeps cookies as a browser does, by name; redirects are shown, not followed. */
export class CookieClient {
  readonly cookies = new Map<string, string>();

  constructor(readonly url: string) {}

  /** The Cookie header it would send. */
  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.cookies.size > 0) {
      headers.set('cookie', this.cookie);
    }
    const response = await fetch(new URL(path, this.url), {
      redirect: 'manual',
      signal: AbortSignal.timeout(LIMIT_MS),
      ...init,
      headers,
    });
    response.headers.getSetCookie().forEach((line) => this.#keep(line));
    return response;
  }

  /** Status and body of an answer that arrived whole. */
  async read(path: string, init?: RequestInit): Promise<{ status: number; text: string }> {
    const response = await this.fetch(path, init);
    return { status: response.status, text: await response.text() };
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';');
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals).trim();
    const expires = attributes.find((one) => /^\s*expires=/i.test(one))?.split('=')[1];
    if (expires !== undefined && Date.parse(expires) <= Date.now()) {
      this.cookies.delete(name);
    } else {
      this.cookies.set(name, pair.slice(equals + 1).trim());
    }
  }
}
