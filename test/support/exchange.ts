import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { deferred } from './deferred.js';

/** What came back for a request. */
export interface Answer {
  /** 0 when the connection ended before there was one. */
  readonly status: number;
  readonly reason: string;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: NodeJS.Dict<string>;
  /** The content as it came. */
  readonly raw: Buffer;
  /** The content without its encoding, as text. */
  readonly text: string;
  /** Whether all of the response has come. */
  readonly isComplete: boolean;
}

/** What is asked. */
export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request on a connection of its own, of which every byte that comes back is counted. */
export class Exchange {
  readonly #socket: Socket;
  readonly #request: ClientRequest;
  readonly #answer = deferred<Answer>('an answer', 10_000);
  readonly #head = deferred<IncomingMessage>('the head of an answer');
  readonly #chunks: Buffer[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(port: number, path: string, { method = 'GET', headers = {} }: Question = {}) {
    this.#socket = connect(port, '127.0.0.1');
    this.#request = request({ path, method, headers, createConnection: () => this.#socket });
    this.#request
      .on('response', (response) => this.#receive(response))
      .on('error', () => undefined)
      .on('close', () => this.#answer.resolve(this.#made()));
    this.#request.end();
    onTestFinished(() => this.hangUp());
  }

  /** How many bytes have come back. */
  get bytes(): number {
    return this.#socket.bytesRead;
  }

  /** The head of the answer. */
  get head(): Promise<IncomingMessage> {
    return this.#head.promise;
  }

  /** The answer, or what there was of it when the connection ended. */
  get answer(): Promise<Answer> {
    return this.#answer.promise;
  }

  /** Waits until this text has come. */
  async receives(text: string): Promise<void> {
    const seen = deferred(`${JSON.stringify(text)} in the answer`);
    const look = () => Buffer.concat(this.#chunks).includes(text) && seen.resolve();
    this.#watchers.add(look);
    look();
    await seen.promise;
  }

  /** Takes no more bytes. */
  pause(): void {
    this.#socket.pause();
  }

  /** Breaks the connection off as a client does that goes away. */
  hangUp(): void {
    this.#socket.destroy();
  }

  #response: IncomingMessage | undefined;

  #receive(response: IncomingMessage): void {
    this.#response = response;
    this.#head.resolve(response);
    response
      .on('data', (chunk: Buffer) => {
        this.#chunks.push(chunk);
        this.#watchers.forEach((look) => look());
      })
      .on('error', () => undefined)
      .on('close', () => this.#answer.resolve(this.#made()));
  }

  #made(): Answer {
    const response = this.#response;
    const raw = Buffer.concat(this.#chunks);
    const isComplete = response?.complete ?? false;
    return {
      status: response?.statusCode ?? 0,
      reason: response?.statusMessage ?? '',
      headers: response?.headers ?? {},
      trailers: response?.trailers ?? {},
      raw,
      text: isComplete ? textOf(raw, response?.headers['content-encoding']) : raw.toString(),
      isComplete,
    };
  }
}

/** An answer that does not fit its encoding reads as none: no test expects that. */
function textOf(raw: Buffer, encoding: string | undefined): string {
  try {
    return decoded(raw, encoding).toString();
  } catch (error) {
    return `This is not ${encoding}: ${String(error)}`;
  }
}

function decoded(raw: Buffer, encoding: string | undefined): Buffer {
  if (raw.length === 0) {
    return raw;
  }
  switch (encoding) {
    case 'gzip':
      return gunzipSync(raw);
    case 'br':
      return brotliDecompressSync(raw);
    case 'deflate':
      return inflateSync(raw);
    default:
      return raw;
  }
}
