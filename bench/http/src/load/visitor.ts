import { Client, type Dispatcher } from 'undici';
import { CookieJar } from './cookie-jar.js';

export type Method = 'GET' | 'POST';

/** What a server answered. */
export interface Answered {
  readonly status: number;
  readonly text: string;
}

/** An answer that is none: what was asked, what should have come, and what came. */
export class WrongAnswerError extends Error {}

/** How much of a wrong answer is shown. */
const SHOWN = 200;

/** One who uses the application: one connection, one session. */
export class Visitor {
  readonly jar = new CookieJar();
  /** What the last answered write left in the session. */
  note = 'none';
  /** The cookie of the last login. */
  former = '';
  readonly #client: Client;

  constructor(
    readonly owner: string,
    origin: string,
  ) {
    this.#client = new Client(origin, { pipelining: 1 });
  }

  /** Asks, and takes nothing but this answer. */
  async expect(method: Method, path: string, expected: string, cookie?: string): Promise<void> {
    const { status, text } = await this.ask(method, path, cookie);
    if (status !== 200 || text !== expected) {
      const page = path.split('?')[0];
      throw new WrongAnswerError(
        `${method} ${page} should have answered 200 '${expected}', but answered ${status} '${text.slice(0, SHOWN)}'`,
      );
    }
  }

  ask(method: Method, path: string, cookie = this.jar.header): Promise<Answered> {
    const headers = cookie === '' ? {} : { cookie };
    return new Promise((resolve, reject) => {
      this.#client.dispatch({ method, path, headers }, this.#handlerOf(resolve, reject));
    });
  }

  #handlerOf(
    resolve: (answered: Answered) => void,
    reject: (reason: Error) => void,
  ): Dispatcher.DispatchHandler {
    let status = 0;
    let text = '';
    return {
      onRequestStart: () => undefined, // by which undici tells this kind of handler
      onResponseStart: (_controller, statusCode, headers) => {
        status = statusCode;
        const cookies = headers['set-cookie'];
        if (cookies !== undefined) {
          this.jar.keep(typeof cookies === 'string' ? [cookies] : cookies);
        }
      },
      onResponseData: (_controller, chunk) => {
        text += chunk.toString('latin1'); // the pages are ASCII
      },
      onResponseEnd: () => resolve({ status, text }),
      onResponseError: (_controller, error) => {
        reject(new WrongAnswerError(`the connection failed: ${error.message}`, { cause: error }));
      },
    };
  }

  close(): Promise<void> {
    return this.#client.destroy();
  }
}
