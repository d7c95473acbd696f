import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ActiveSession } from '../core/active-session.js';
import type { NewSession, SessionListener } from '../core/active-session.types.js';
import { assertFieldName } from '../core/field-object.js';
import type { LiveSession } from '../core/live-session.js';
import type { Held } from '../core/held.js';
import { whoIs } from '../core/told-principal.js';
import { FlashBox, type FlashHost } from './flash-box.js';
import type { GateSession } from './response-gate.types.js';
import { CookieRefresh } from './cookie-refresh.js';
import { appendCookies, varyByCookie } from './response-headers.js';
import { asHttp, atEdge } from './session.exceptions.js';
import { RequestCookie } from './request-cookie.js';
import { ReturnTo } from './return-to.js';
import type { SessionCookie } from './session-cookie.js';
import { type FacadeHost, SessionFacade } from './session-facade.js';
import type { SessionSite } from './session-site.js';

/** What `req.session` was set to when it was set to nothing. */
interface Unset {
  readonly value: null | undefined;
  isApplied?: boolean;
}

/** One request's session at the edge: what `req.session` shows, and what becomes of it with the response. */
export class RequestSession implements GateSession, FacadeHost, FlashHost, SessionListener {
  #facade: SessionFacade | undefined;
  #unset: Unset | undefined;
  readonly #cookie: RequestCookie;
  readonly #refresh: CookieRefresh;
  #flash: FlashBox | undefined;
  #isHeadSent = false;
  /** True once the response has ended: what is set on the request from then on comes too late. */
  #isClosed = false;
  /** What was wrong with the last assignment to `req.session`. */
  #misuse: { readonly error: unknown } | undefined;
  #judges: WeakMap<object, Set<unknown>> | undefined;
  #returnTo: ReturnTo | undefined;

  constructor(
    readonly site: SessionSite,
    readonly active: ActiveSession,
    readonly req: IncomingMessage,
    readonly res: ServerResponse,
  ) {
    this.#cookie = new RequestCookie(site, req);
    this.#refresh = new CookieRefresh(site, active, this.#cookie, req, res);
    active.listener = this;
  }

  switched(old: LiveSession): void {
    this.#facade?.bind(old);
    this.#facade = undefined;
    this.#unset = undefined;
    if (!this.#isHeadSent) {
      this.#flash?.follow(old);
    }
  }

  begins(): NewSession {
    return this.site.newSession(this.req);
  }

  reloaded(live: LiveSession): void {
    this.#cookie.forget(live);
  }

  assertFits(held: Held): void {
    this.#headerFor(held);
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
    return atEdge(() => whoIs(this.active.engine, this.active.live));
  }

  /** The page to go back to after the login. */
  get returnTo(): ReturnTo {
    return (this.#returnTo ??= new ReturnTo(this.site, this.req));
  }

  /** The messages that are shown once. */
  get flash(): FlashBox {
    return (this.#flash ??= new FlashBox(this));
  }

  cookieOf(live: LiveSession): SessionCookie {
    return this.#cookie.of(live);
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
    this.#isClosed = true;
    try {
      this.#applyUnset();
    } catch (error) {
      this.#misuse = { error };
    }
    this.active.close();
  }

  commit(): Promise<void> | undefined {
    if (!this.#isClosed) {
      this.#applyUnset();
    }
    if (this.#misuse !== undefined) {
      throw this.#misuse.error;
    }
    const { opened, engine } = this.active;
    // Once the head is out the browser cannot be told of another cookie any more.
    if (opened !== undefined && !this.#isHeadSent) {
      this.#cookie.takeChange(opened, engine.lifetime.idle);
    }
    const stored = this.active.commit();
    const work = this.#isHeadSent ? stored : this.#refresh.beforeHead(stored);
    if (work !== undefined) {
      engine.track(work);
    }
    return work;
  }

  addHeaders(res: ServerResponse): void {
    appendCookies(res, this.#setCookies());
    appendCookies(res, this.#returnTo?.setCookies ?? []);
    if (this.active.isUsed || this.#returnTo?.isTaken === true) {
      varyByCookie(res);
    }
  }

  addDurableCookies(res: ServerResponse): void {
    appendCookies(res, this.#replyCookies());
  }

  /** No cookie can be set on this response: what lives in one cannot be changed. */
  ungated(): void {
    if (this.active.engine.backend.livesInToken) {
      this.headSent();
    }
  }

  headSent(): void {
    this.#isHeadSent = true;
    this.active.headSent();
  }

  released(): void {
    this.#refresh.afterHead();
  }

  answerFailure(error: unknown, res: ServerResponse): void | Promise<void> {
    this.site.reportError(error);
    this.#flash?.putBack();
    return this.site.answerFailure(asHttp(error), this.req, res);
  }

  logFailure(what: string, error: unknown): void {
    this.site.sayFailure(`${what}. `, error);
  }

  /** What `req.session = null` and `delete req.session` come to when the response goes out. */
  #applyUnset(): void {
    this.#takeLeftBehind();
    if (this.#unset === undefined || this.#unset.isApplied === true) {
      return;
    }
    this.#unset.isApplied = true;
    this.#flash?.forget();
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

  #setCookies(): string[] {
    const replied = this.#replyCookies();
    const { found: held, opened } = this.active;
    const isKnown = held !== undefined && opened?.isGone !== true && !held.mayHaveAnother;
    if (replied.length > 0 || this.#isHeadSent || !isKnown) {
      return replied;
    }
    return this.#refresh.isDue || this.#cookie.isChanged ? this.#headerFor(held) : replied;
  }

  /** The cookies of what happened to the session itself; one that is taken away comes first. */
  #replyCookies(): string[] {
    const reply = this.active.reply();
    switch (reply.kind) {
      case 'set': {
        const { held, replaced } = reply;
        const replacing = replaced === undefined ? [] : this.#cookie.replacingHeaders(replaced, held);
        return [...replacing, ...this.#headerFor(held)];
      }
      case 'clear':
        return this.#cookie.clearingHeaders(reply.ended);
      default:
        return [];
    }
  }

  /** The header that gives the client a session's token, if it may have one. */
  #headerFor(held: Held): string[] {
    const header = this.#cookie.header(held, this.active.engine.clock.now());
    return header === undefined ? [] : [header];
  }
}
