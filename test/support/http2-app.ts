import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  createServer,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createSessionMiddleware, type SessionMiddlewareOptions } from 'nest-sessions';
import { onTestFinished } from 'vitest';
import { ControlledStore } from './controlled.store.js';
import { deferred } from './deferred.js';
import { LogRecorder, type NodeHandler, sessionOptions } from './session-app.js';

/** What came back on a stream of HTTP/2. */
export interface Http2Answer {
  readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
  readonly text: string;
  /** 0 when the stream ended well. */
  readonly code: number;
}

/** One request on a stream of its own. */
export class Http2Exchange {
  headers: (IncomingHttpHeaders & IncomingHttpStatusHeader) | undefined;
  text = '';
  readonly #answer = deferred<Http2Answer>('an answer over HTTP/2');
  readonly #begun = deferred('the first part of an answer over HTTP/2');

  constructor(readonly stream: ClientHttp2Stream) {
    stream
      .setEncoding('utf8')
      .on('response', (headers) => (this.headers = headers))
      .on('data', (text: string) => {
        this.text += text;
        this.#begun.resolve();
      })
      .on('error', () => undefined)
      .on('close', () =>
        this.#answer.resolve({ headers: this.headers ?? {}, text: this.text, code: stream.rstCode }),
      );
    stream.end();
  }

  get answer(): Promise<Http2Answer> {
    return this.#answer.promise;
  }

  /** Waits for the first part of the content. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }
}

/** A server of `node:http2` without TLS, with sessions, and a connection to it. */
export interface Http2App {
  readonly store: ControlledStore;
  readonly log: LogRecorder;
  get(path: string, headers?: Record<string, string>): Http2Exchange;
  /** A whole turn on the same connection: what was sent before it has arrived when it resolves. */
  turn(): Promise<void>;
}

/** Handlers by path over HTTP/2. */
export async function http2App(
  routes: Record<string, NodeHandler>,
  options: Partial<SessionMiddlewareOptions> = {},
): Promise<Http2App> {
  const store = new ControlledStore();
  const log = new LogRecorder();
  const session = createSessionMiddleware({ ...sessionOptions(store, log), ...options });
  const server = createServer((req, res) => {
    // Node's compatibility layer is made to stand in for these types.
    const plainReq = req as unknown as IncomingMessage;
    const plainRes = res as unknown as ServerResponse;
    session(plainReq, plainRes, () => {
      void routes[req.url]?.(plainReq as unknown as Parameters<NodeHandler>[0], plainRes);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client: ClientHttp2Session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(async () => {
    client.destroy();
    server.close();
    store.heal();
    await session.close();
  });
  return {
    store,
    log,
    get: (path, headers = {}) => new Http2Exchange(client.request({ ':path': path, ...headers })),
    async turn() {
      const back = deferred('a ping that came back');
      client.ping(() => back.resolve());
      await back.promise;
    },
  };
}
