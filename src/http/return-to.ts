import type { IncomingMessage } from 'node:http';
import { isOwnPage } from './own-page.js';
import { targetOf } from './route-filter.js';
import type { SessionSite } from './session-site.js';
import { isUnseen } from './unseen-request.js';

/** What one request does with the page to go back to after the login. */
export class ReturnTo {
  /** Whether the page was asked for. */
  isTaken = false;
  /** What the client is told of it. */
  setCookies: readonly string[] = [];

  constructor(
    private readonly site: Pick<SessionSite, 'returnTo' | 'cookieFor' | 'isSecure' | 'warnOnce'>,
    private readonly req: IncomingMessage,
  ) {}

  /**
   * Remembers the page that this request asks for, in place of one that was remembered before. Only a GET can be gone back
   * to, and only what somebody sees as a page of its own: no prefetch, and nothing inside another page. A page that cannot be remembered, be it too long, takes the place too: to be led to an older one would be odd.
   */
  remember(): void {
    const { returnTo } = this.site;
    if (returnTo === undefined || !isOwnDocument(this.req)) {
      return;
    }
    const page = targetOf(this.req);
    if (isOwnPage(page)) {
      this.#tell((attributes) => returnTo.write(page, attributes));
    } else {
      this.#forget();
    }
  }

  /** The page that was remembered, once; then and without one the fallback, which has to be a page of this application too. */
  take(fallback: string): string {
    const values = this.isTaken ? [] : this.#values;
    const page = this.site.returnTo?.open(values);
    this.isTaken = true;
    if (values.length > 0) {
      this.#forget();
    }
    return page ?? this.#checked(fallback);
  }

  get #values(): string[] {
    return this.site.returnTo?.valuesIn(this.req.headers.cookie) ?? [];
  }

  #forget(): void {
    const { returnTo } = this.site;
    if (returnTo !== undefined && this.#values.length > 0) {
      this.#tell((attributes) => returnTo.clear(attributes));
    }
  }

  /** Secure as the session's own cookie; where that one could not be sent, over plain http, this one is not either. */
  #tell(header: (attributes: { readonly secure: boolean }) => string): void {
    const secure = this.site.cookieFor(this.req).secure === true;
    this.setCookies = secure && !this.site.isSecure(this.req) ? [] : [header({ secure })];
  }

  #checked(fallback: string): string {
    if (isOwnPage(fallback)) {
      return fallback;
    }
    this.site.warnOnce(
      'takeReturnTo() was given a fallback that is no page of this application, and "/" was taken. Give path and query, ' +
        "such as '/account?tab=orders', without scheme, host and #fragment, percent-encoded.",
    );
    return '/';
  }
}

/** Whether somebody asks for a page of its own, as far as the browser says so (W3C Fetch Metadata, Sec-Fetch-Dest). */
function isOwnDocument(req: IncomingMessage): boolean {
  const { 'sec-fetch-dest': destination = 'document' } = req.headers;
  return req.method === 'GET' && destination === 'document' && !isUnseen(req);
}
