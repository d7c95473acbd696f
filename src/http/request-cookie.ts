import type { IncomingMessage } from 'node:http';
import type { Held } from '../core/held.js';
import type { LiveSession } from '../core/live-session.js';
import type { CookieAttributes } from '../core/meta.js';
import { SessionCookie } from './session-cookie.js';
import type { SessionSite } from './session-site.js';

/** The session cookie of one request: what `session.cookie` shows of it, and the header that it becomes. */
export class RequestCookie {
  #shown: Map<LiveSession, SessionCookie> | undefined;
  #ended: { readonly attributes: CookieAttributes | undefined } | undefined;
  /** True once the handler has changed the attributes of the session's cookie. */
  isChanged = false;

  constructor(
    private readonly site: SessionSite,
    private readonly req: IncomingMessage,
  ) {}

  /** The cookie object of a session. */
  of(live: LiveSession): SessionCookie {
    this.#shown ??= new Map();
    let cookie = this.#shown.get(live);
    if (cookie === undefined) {
      cookie = new SessionCookie(this.attributesOf(live));
      this.#shown.set(live, cookie);
    }
    return cookie;
  }

  /** Drops what was done to the cookie object of a session. */
  forget(live: LiveSession): void {
    this.#shown?.delete(live);
  }

  /** A session ended. The first that does is the one whose cookie the client holds. */
  noteEnd(old: LiveSession): void {
    this.#ended ??= { attributes: old.cookie };
  }

  /** The attributes that go with a session, or with one that nobody has opened. */
  attributesOf(live: LiveSession | undefined): CookieAttributes {
    return live?.cookie ?? this.site.cookieFor(this.req);
  }

  /** A cookie that the handler changed is the session's own from now on, and so is the lifetime that follows. */
  takeChange(live: LiveSession, idle: number): void {
    const attributes = this.#shown?.get(live)?.takeChange(this.site.isSecure(this.req));
    if (attributes !== undefined) {
      const { originalMaxAge } = attributes;
      live.chooseCookie(attributes, originalMaxAge === null ? idle : Math.max(0, originalMaxAge));
      this.isChanged = true;
    }
  }

  /** The header that gives the client a session's token; none over plain http where the cookie is a secure one. */
  header({ token, record }: Held, attributes: CookieAttributes, now: number): string | undefined {
    if (attributes.secure === true && !this.site.isSecure(this.req)) {
      this.site.warnOnce(
        'A secure session cookie was not sent, because its request came over plain http. Behind a proxy that ends TLS ' +
          "set proxy: true or the framework's 'trust proxy'; for plain http set cookie.secure to 'auto'.",
      );
      return undefined;
    }
    const { originalMaxAge } = attributes;
    const expires = originalMaxAge === null ? undefined : now + originalMaxAge;
    // The browser keeps a cookie no longer than there can be a session behind it.
    return this.site.transport.write(token, attributes, expires && Math.min(expires, record.absoluteAt));
  }

  /** The header that takes the ended session's token away again. */
  clearingHeader(): string {
    return this.site.transport.clear(this.#ended?.attributes ?? this.site.cookieFor(this.req));
  }
}
