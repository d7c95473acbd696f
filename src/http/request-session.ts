import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ActiveSession } from '../core/active-session.js';
import { assertFieldName, draftOf } from '../core/field-object.js';
import type { LiveSession } from '../core/live-session.js';
import type { CookieAttributes } from '../core/meta.js';
import type { Held } from '../core/held.js';
import type { GateSession } from './response-gate.types.js';
import { preventCaching, varyByCookie } from './response-headers.js';
import { asHttp, atEdge } from './session.exceptions.js';
import { SessionCookie } from './session-cookie.js';
import { type FacadeHost, SessionFacade } from './session-facade.js';
import type { SessionSite } from './session-site.js';

/** What `req.session` was set to when it was set to nothing. */
interface Unset {
  readonly value: null | undefined;
  isApplied?: boolean;
}

/** One request's session at the edge: what `req.session` shows, and what becomes of it with the response. */
export class RequestSession implements GateSession, FacadeHost {
  #facade: SessionFacade | undefined;
  #unset: Unset | undefined;
  #cookies: Map<LiveSession, SessionCookie> | undefined;
  #due: Held | undefined;
  #isHeadSent = false;
  #isCookieChanged = false;
  #endedCookie: { readonly attributes: CookieAttributes | undefined } | undefined;
  #judges: WeakMap<object, Set<unknown>> | undefined;

  constructor(
    readonly site: SessionSite,
    readonly active: ActiveSession,
    readonly req: IncomingMessage,
    readonly res: ServerResponse,
  ) {
    active.onSwitch = (old) => {
      this.#facade?.bind(old);
      // The first that ends is the one whose cookie the client holds.
      this.#endedCookie ??= { attributes: old.cookie };
      this.#facade = undefined;
      this.#unset = undefined;
    };
    active.onRefused = (error) => this.logFailure('An operation on a session came too late', error);
  }

  /** What `req.session` is. Looking at it neither loads nor throws. */
  get session(): unknown {
    if (this.#unset !== undefined) {
      return this.#unset.value;
    }
    if (this.active.opened?.ended === 'destroyed') {
      return undefined;
    }
    return (this.#facade ??= new SessionFacade(this)).object;
  }

  /** What `req.session = …` does. */
  set session(value: unknown) {
    if (value === null || value === undefined) {
      this.#unset = { value };
      return;
    }
    this.#unset = undefined;
    if (value === this.#facade?.object) {
      return;
    }
    if (typeof value !== 'object') {
      throw new TypeError('req.session can be set to an object, null or undefined only.');
    }
    // A copy of a session has its cookie among the keys.
    const { cookie, ...fields }: { cookie?: unknown } = { ...value };
    if (cookie === undefined) {
      this.active.live.replaceAll(fields);
    } else if (typeof cookie === 'object' && cookie !== null) {
      this.active.live.replaceAll(fields);
      this.cookieOf(this.active.live).assign(cookie);
    } else {
      assertFieldName('cookie');
    }
  }

  /** Who is logged in, by the record or by what the application says of the fields. */
  get principal(): string | undefined {
    const live = atEdge(() => this.active.live);
    return live.held?.record.principal ?? this.site.principalOf?.(draftOf(live));
  }

  cookieOf(live: LiveSession): SessionCookie {
    this.#cookies ??= new Map();
    let cookie = this.#cookies.get(live);
    if (cookie === undefined) {
      cookie = new SessionCookie(live.cookie ?? this.site.cookieFor(this.req));
      this.#cookies.set(live, cookie);
    }
    return cookie;
  }

  /** Guards that have judged a call already. All guards of one call are given the same context. */
  judgesOf(context: object): Set<unknown> {
    this.#judges ??= new WeakMap();
    let judges = this.#judges.get(context);
    if (judges === undefined) {
      judges = new Set();
      this.#judges.set(context, judges);
    }
    return judges;
  }

  close(): void {
    this.#applyUnset();
    this.active.close();
  }

  commit(): Promise<void> | undefined {
    this.#applyUnset();
    this.#due ??= this.active.touchDue;
    this.#takeCookie();
    const work = this.active.commit();
    if (work !== undefined) {
      this.active.engine.track(work);
    }
    return work;
  }

  addHeaders(res: ServerResponse): void {
    const setCookie = this.#setCookie();
    if (setCookie !== undefined) {
      res.appendHeader('Set-Cookie', setCookie);
      preventCaching(res);
    }
    if (this.active.isUsed) {
      varyByCookie(res);
    }
  }

  addDurableCookies(res: ServerResponse): void {
    const setCookie = this.#replyCookie();
    if (setCookie !== undefined) {
      res.appendHeader('Set-Cookie', setCookie);
      preventCaching(res);
    }
  }

  headSent(): void {
    this.#isHeadSent = true;
    this.active.headSent();
  }

  released(): void {
    const { engine } = this.active;
    const held = this.active.touchDue;
    if (held !== undefined) {
      const touch = engine.backend.touch(held).catch((error: unknown) => {
        this.site.logger.warn(`The activity of a session could not be written down. ${messageOf(error)}`);
      });
      engine.track(touch);
    }
  }

  answerFailure(error: unknown, res: ServerResponse): void | Promise<void> {
    return this.site.answerFailure(asHttp(error), this.req, res);
  }

  logFailure(what: string, error: unknown): void {
    this.site.logger.error(`${what}. ${messageOf(error)}`, error);
  }

  /** What `req.session = null` and `delete req.session` come to when the response goes out. */
  #applyUnset(): void {
    this.#takeLeftBehind();
    if (this.#unset === undefined || this.#unset.isApplied === true) {
      return;
    }
    this.#unset.isApplied = true;
    if (this.site.unset === 'destroy') {
      void this.active.destroy();
    } else if (this.active.isRead) {
      this.active.abandon();
    }
  }

  /** After `delete req.session` our property is gone; what is assigned then means what it always means. */
  #takeLeftBehind(): void {
    const property = Object.getOwnPropertyDescriptor(this.req, 'session');
    if (property === undefined) {
      this.#unset ??= { value: undefined };
    } else if ('value' in property) {
      Object.defineProperty(this.req, 'session', {
        configurable: true,
        enumerable: true,
        get: () => this.session,
        set: (value: unknown) => {
          this.session = value;
        },
      });
      this.session = property.value;
    }
  }

  /** A cookie that the handler changed is the session's own from now on, and so is the lifetime that follows. */
  #takeCookie(): void {
    const { opened } = this.active;
    const attributes = opened && this.#cookies?.get(opened)?.takeChange(this.site.isSecure(this.req));
    if (opened !== undefined && attributes !== undefined) {
      const { originalMaxAge } = attributes;
      const { idle } = this.active.engine.lifetime;
      opened.chooseCookie(attributes, originalMaxAge === null ? idle : Math.max(0, originalMaxAge));
      this.#isCookieChanged = true;
    }
  }

  #setCookie(): string | undefined {
    const reply = this.#replyCookie();
    if (reply !== undefined || this.#isHeadSent) {
      return reply;
    }
    const { found: held, opened } = this.active;
    // Of a session that is gone the cookie is left alone: it may be the one that a login has just set.
    if (
      held === undefined ||
      opened?.isGone === true ||
      !(this.#due !== undefined || this.#isCookieChanged || this.site.rolling)
    ) {
      return undefined;
    }
    const attributes = this.#attributes();
    const isSessionCookie = attributes.originalMaxAge === null;
    // A cookie that ends with the browser needs no new date when the session was merely active.
    return isSessionCookie && !this.#isCookieChanged && !this.site.rolling
      ? undefined
      : this.#cookieFor(held, attributes);
  }

  /** The cookie of what happened to the session itself. */
  #replyCookie(): string | undefined {
    const reply = this.active.reply();
    switch (reply.kind) {
      case 'set':
        return this.#cookieFor(reply.held, this.#attributes());
      case 'clear':
        return this.site.transport.clear(this.#endedCookie?.attributes ?? this.site.cookieFor(this.req));
      default:
        return undefined;
    }
  }

  #attributes(): CookieAttributes {
    return this.active.opened?.cookie ?? this.site.cookieFor(this.req);
  }

  #cookieFor({ token, record }: Held, attributes: CookieAttributes): string | undefined {
    if (attributes.secure === true && !this.site.isSecure(this.req)) {
      this.site.warnOnce(
        'A secure session cookie was not sent, because its request came over plain http. Behind a proxy that ends TLS ' +
          "set proxy: true or the framework's 'trust proxy'; for plain http set cookie.secure to 'auto'.",
      );
      return undefined;
    }
    const { originalMaxAge } = attributes;
    const expires = originalMaxAge === null ? undefined : this.active.engine.clock.now() + originalMaxAge;
    // The browser keeps a cookie no longer than there can be a session behind it.
    return this.site.transport.write(token, attributes, expires && Math.min(expires, record.absoluteAt));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'See the error.';
}
