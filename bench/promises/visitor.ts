import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** What an answer came to that did not come in time. */
export class NeverAnswered extends Error {}

/** A browser as far as it matters here: it keeps one cookie and follows nothing by itself. */
export class Visitor {
  #cookie: string | undefined;

  constructor(private readonly url: string) {}

  /** One who is logged in. */
  static async loggedIn(url: string): Promise<Visitor> {
    const visitor = new Visitor(url);
    const { status } = await visitor.get('/login');
    if (status !== 200) {
      throw new Error(`the login answered ${status}`);
    }
    return visitor;
  }

  /** The same browser with the cookie that it has now: what another tab, or a thief, would send later. */
  copy(): Visitor {
    const copy = new Visitor(this.url);
    copy.#cookie = this.#cookie;
    return copy;
  }

  /** Resolves with the head of the answer; its body may still be on the way. Each request has a connection of its own. */
  head(path: string, limit: number): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = this.#cookie === undefined ? {} : { cookie: this.#cookie };
      const request = get(`${this.url}${path}`, { agent: false, headers }, (response) => {
        for (const setCookie of response.headers['set-cookie'] ?? []) {
          this.#cookie = setCookie.split(';')[0];
        }
        resolve(response);
      });
      const late = setTimeout(() => request.destroy(new NeverAnswered(path)), limit);
      request.on('close', () => clearTimeout(late));
      request.on('error', reject);
    });
  }

  async get(path: string, limit = 5_000): Promise<{ status: number | undefined; text: string }> {
    const response = await this.head(path, limit);
    return { status: response.statusCode, text: await text(response) };
  }

  /** What the application knows of this browser's session. */
  async shown(): Promise<{ user?: string; a?: string; b?: string }> {
    return JSON.parse((await this.get('/show')).text);
  }
}
