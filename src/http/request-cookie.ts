import type { IncomingMessage } from 'node:http';
import type { Held } from '../core/held.js';
import type { LiveSession } from '../core/live-session.js';
import { type CookieAttributes, cookieOf } from '../core/meta.js';
import { SessionCookie } from './session-cookie.js';
import type { SessionSite } from './session-site.js';

/** The session cookie of one request: what `session.cookie` shows of it, and the header that it becomes. */
export class RequestCookie {
  #shown: Map<LiveSession, SessionCookie> | undefined;
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

  /** The attributes that go with a session, or with one that nobody has opened, as far as what is stored of it tells. */
  attributesOf(live: LiveSession | undefined, held?: Held): CookieAttributes {
    const own = live === undefined ? held && cookieOf(held.record.meta) : live.cookie;
    return own ?? this.site.cookieFor(this.req);
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

  /** Whether the client can be given a session's token: a secure cookie needs TLS. */
  canBeSent(live: LiveSession | undefined, held: Held | undefined, isSecure: boolean): boolean {
    return isSecure || this.attributesOf(live, held).secure !== true;
  }

  /**
   * The header that gives the client a session's token; none over plain http where the cookie is a secure one. Its attributes
   * are those that are stored: where the next request would not know of others, it could not take the cookie away.
   */
  header(held: Held, now: number): string | undefined {
    const { token, record } = held;
    const attributes = this.attributesOf(undefined, held);
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

  /** The headers that take away the token of a session that this request ended, wherever the client may have it. */
  clearingHeaders(ended: Held): string[] {
    return this.#scopesOf(ended).map((scope) => this.site.transport.clear(scope));
  }

  /**
   * The headers that go with the one of a new token, so that the client does not keep the old one beside it: two different
   * ones that are valid count as none. Only a cookie with the same scope takes its place by itself.
   */
  replacingHeaders(replaced: Held, held: Held): string[] {
    const next = this.attributesOf(undefined, held);
    // With a new token for the same session every change of scope was told to the client when it was made.
    const scopes =
      replaced.record.handle === held.record.handle
        ? [this.attributesOf(undefined, replaced)]
        : this.#scopesOf(replaced);
    return scopes
      .filter((scope) => !isSameScope(scope, next))
      .map((scope) => this.site.transport.clear(scope));
  }

  /** Where the client may have a session's token: its own cookie may have been laid beside the one of the options. */
  #scopesOf(held: Held): CookieAttributes[] {
    const own = this.attributesOf(undefined, held);
    const common = this.site.cookieFor(this.req);
    return isSameScope(own, common) ? [own] : [own, common];
  }
}

/** Whether a browser takes two cookies of one name for the same one. */
function isSameScope(one: CookieAttributes, other: CookieAttributes): boolean {
  return (
    one.domain === other.domain &&
    one.path === other.path &&
    (one.partitioned ?? false) === (other.partitioned ?? false)
  );
}
