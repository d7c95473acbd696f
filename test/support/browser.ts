import { plainRequest } from './plain-request.js';

/** A page that a browser shows. */
export interface ShownPage {
  readonly status: number | undefined;
  readonly text: string;
  /** Its address: path and query on the browser's own server, whole on any other, where it was not asked for. */
  readonly address: string;
}

/** A redirect that leads on and on is none. */
const MOST_REDIRECTS = 10;

/** One cookie as a browser keeps it. */
interface KeptCookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

/** A browser as far as its cookies go: it keeps them by name, domain and path, and sends each where its path says. */
export class Browser {
  readonly #kept = new Map<string, KeptCookie>();

  /** @param userAgent what it says it is; nothing by default */
  constructor(
    public url: string,
    private readonly userAgent?: string,
  ) {}

  /** What it would send to a path. */
  cookiesFor(path: string): string[] {
    return [...this.#kept.values()]
      .filter((cookie) => isWithin(path, cookie.path))
      .map(({ name, value }) => `${name}=${value}`);
  }

  /** Asks for a path, and answers what came with it. */
  async visit(path: string): Promise<{ status: number; text: string; setCookies: string[] }> {
    const response = await fetch(new URL(path, this.url), {
      redirect: 'manual',
      signal: AbortSignal.timeout(5_000),
      headers: { cookie: this.cookiesFor(path).join('; ') },
    });
    const setCookies = response.headers.getSetCookie();
    setCookies.forEach((line) => this.#keep(line));
    return { status: response.status, text: await response.text(), setCookies };
  }

  /** Opens a page as somebody does who follows a link, and goes where that leads. */
  open(path: string): Promise<ShownPage> {
    return this.#navigate(path, 'GET');
  }

  /** Sends a form, and goes where that leads. */
  submit(path: string, fields: Readonly<Record<string, string>> = {}): Promise<ShownPage> {
    return this.#navigate(path, 'POST', new URLSearchParams(fields).toString());
  }

  async #navigate(path: string, method: string, body?: string): Promise<ShownPage> {
    let [target, how, form] = [path, method, body];
    for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
      // The target as it stands: an address made of it would not be the one that was asked for.
      const { status, headers, text } = await plainRequest(this.url + target, {
        method: how,
        headers: {
          'sec-fetch-mode': 'navigate',
          accept: 'text/html',
          ...(this.userAgent === undefined ? {} : { 'user-agent': this.userAgent }),
          cookie: this.cookiesFor(target).join('; '),
          ...(form === undefined
            ? {}
            : { origin: this.url, 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(form === undefined ? {} : { body: form }),
      });
      headers['set-cookie']?.forEach((line) => this.#keep(line));
      if (headers.location === undefined) {
        return { status, text, address: target };
      }
      const { origin, href } = new URL(headers.location, this.url + target);
      if (origin !== new URL(this.url).origin) {
        return { status, text, address: href };
      }
      [target, how, form] = [href.slice(origin.length), 'GET', undefined];
    }
    throw new Error(`${path} leads to no page.`);
  }

  /** Another browser with the same cookies. */
  copy(): Browser {
    const copy = new Browser(this.url, this.userAgent);
    this.#kept.forEach((cookie, key) => copy.#kept.set(key, cookie));
    return copy;
  }

  #keep(line: string): void {
    const [pair = '', ...rest] = line.split('; ');
    const attributes = new Map(
      rest.map((one) => one.split('=')).map(([key = '', value = '']) => [key, value]),
    );
    const name = pair.slice(0, pair.indexOf('='));
    const path = attributes.get('Path') ?? '/';
    const key = [name, attributes.get('Domain') ?? '', path].join(';');
    const expires = attributes.get('Expires');
    if (expires !== undefined && Date.parse(expires) <= Date.now()) {
      this.#kept.delete(key);
    } else {
      this.#kept.set(key, { name, value: pair.slice(name.length + 1), path });
    }
  }
}

function isWithin(path: string, scope: string): boolean {
  return scope.endsWith('/') ? path.startsWith(scope) : path === scope || path.startsWith(`${scope}/`);
}
