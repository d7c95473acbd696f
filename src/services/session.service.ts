import { Inject, Injectable } from '@nestjs/common';
import type { ActiveSession } from '../core/active-session.js';
import type { Duration } from '../core/duration.js';
import { draftOf } from '../core/field-object.js';
import { expiryOf } from '../core/lifetime.js';
import type { FlashMessage, FlashOptions } from '../core/flash-message.js';
import type { Operation } from '../core/operation.js';
import { notMounted } from '../http/execution-request.js';
import { asHttp, atEdge } from '../http/session.exceptions.js';
import type { RequestSession } from '../http/request-session.js';
import { SessionHttp } from '../http/session-http.js';
import type { FieldName, FieldValue, SessionFields } from '../session-fields.js';

/** Options of {@link SessionService.login}. */
export interface LoginOptions {
  /** Fields of the new session. @default none */
  readonly data?: Partial<SessionFields>;
  /** Names of fields that come along from the session before; all others are dropped. @default none */
  readonly keep?: readonly FieldName[];
  /**
   * "Keep me logged in": a persistent cookie, and the limits of the option `remember`. False makes a cookie that ends with the
   * browser, whatever `cookie.maxAge` says. @default as configured
   */
  readonly remember?: boolean;
  /** Ends this session after this long without a request. @default the option `idleTimeout`, or `remember.idleTimeout` */
  readonly idleTimeout?: Duration;
  /** Ends this session this long from now, whatever happens. @default the option `absoluteTimeout`, or `remember.absoluteTimeout` */
  readonly absoluteTimeout?: Duration;
}

/** Options of {@link SessionService.confirm}. */
export interface ConfirmOptions {
  /**
   * Fields that fall away by themselves. They are read as any other field until then; a request that still brings the token
   * from before does not see them. @default none
   */
  readonly elevate?: Partial<SessionFields>;
  /** How long they last. @default 10 minutes */
  readonly for?: Duration;
}

/** Options of {@link SessionService.regenerate}. */
export interface RegenerateOptions {
  /** Names of fields that come along. @default none */
  readonly keep?: readonly FieldName[];
}

/**
 * The session of the current request. A singleton: which request is the current one is known from the asynchronous
 * context, so it can be injected anywhere.
 *
 * Getters, `get`, `set` and `delete` are synchronous; with `load: 'lazy'` they need a `load()` before. Methods that
 * return a promise load by themselves, and one that nobody awaits is still waited for before the response goes out.
 *
 * @throws {SessionUnavailableException} from every member, when the store could not be read (503)
 *
 * @publicApi
 */
@Injectable()
export class SessionService {
  constructor(@Inject(SessionHttp) private readonly http: SessionHttp) {}

  /** All fields, as an object that writes through to the session. */
  get fields(): Partial<SessionFields> {
    return draftOf(this.#live, atEdge) as Partial<SessionFields>;
  }

  /** Who is logged in; undefined when nobody is. */
  get principal(): string | undefined {
    return this.#current.principal;
  }

  /** Public name of the session, for lists and logs; undefined while it is not stored. It is no credential. */
  get handle(): string | undefined {
    return this.#live.held?.record.handle;
  }

  /** Whether the session is not stored yet. */
  get isNew(): boolean {
    return this.#live.held === undefined;
  }

  /** When the session began; undefined while it is not stored. */
  get createdAt(): Date | undefined {
    return dateOf(this.#live.held?.record.createdAt);
  }

  /** When the session ends if nothing more happens; undefined while it is not stored. */
  get expiresAt(): Date | undefined {
    const record = this.#live.held?.record;
    return dateOf(record && expiryOf(record));
  }

  /** When the session ends whatever happens; undefined while it is not stored. */
  get absoluteExpiresAt(): Date | undefined {
    return dateOf(this.#live.held?.record.absoluteAt);
  }

  /**
   * When the user last proved who they are, by `login()` or `confirm()`; undefined when that is not known, and for a request that
   * still brings a token that has been replaced.
   */
  get authenticatedAt(): Date | undefined {
    return dateOf(atEdge(() => this.#active.authenticatedAt));
  }

  /** Reads the session; once a request, shared by all who ask. */
  async load(): Promise<void> {
    await this.#active.load().catch((error: unknown) => Promise.reject(asHttp(error)));
  }

  /** The value of a field; undefined when it is not there. */
  get<Name extends FieldName>(name: Name): FieldValue<Name> | undefined {
    return atEdge(() => this.#live.get(name)) as FieldValue<Name> | undefined;
  }

  /**
   * Sets a field. It is stored with the response, or at once by `save()`.
   *
   * @throws {SessionUsageException} for a name that the session object needs itself, such as `cookie`
   * @throws {SessionClosedError} when the response has ended
   */
  set<Name extends FieldName>(name: Name, value: FieldValue<Name>): void {
    atEdge(() => this.#live.set(name, value));
  }

  /** Deletes a field. */
  delete(name: FieldName): void {
    atEdge(() => this.#live.delete(name));
  }

  /**
   * An atomic read-modify-write of the stored fields: nothing that another request does comes between. The function
   * must be synchronous and may run again when another request was faster. Stored when it resolves, with what the
   * function answered.
   *
   * @example
   * const visits = await sessions.update((draft) => (draft.visits = (draft.visits ?? 0) + 1));
   */
  update<R>(update: (draft: Partial<SessionFields>) => R): Promise<R> {
    return atEdgeLater(this.#active.update(update));
  }

  /** Stores what has changed, now. */
  save(): Promise<void> {
    return atEdgeLater(this.#active.save());
  }

  /** Drops what has changed and reads the session again. */
  reload(): Promise<void> {
    return atEdgeLater(this.#active.reload());
  }

  /** Ends the session and begins a new anonymous one with a new token. */
  regenerate({ keep = [] }: RegenerateOptions = {}): Promise<void> {
    return atEdgeLater(this.#active.regenerate(keep));
  }

  /** Ends the session, in the store and in the browser. A second time does nothing. */
  destroy(): Promise<void> {
    return atEdgeLater(this.#active.destroy());
  }

  /**
   * Logs somebody in: a new session with a new token, the old one dead, all of it stored when this resolves. If any
   * step fails nobody is logged in and the old session is as it was (OWASP ASVS 5.0, 7.2.4).
   *
   * @param principal id of the user, 1 to 255 characters
   * @throws {SessionLimitException} when the user has `maxSessions` and `onLimit` is `'refuse'` (409)
   * @throws {SessionGoneException} when all sessions of the user were ended while this ran (409)
   * @throws {SessionUsageException} for a principal or a duration that is none (500)
   *
   * @example
   * await sessions.login(user.id, { data: { email: user.email }, keep: ['cart'] });
   */
  login(principal: string, { data = {}, keep = [], ...options }: LoginOptions = {}): Promise<void> {
    const { active, req } = this.#current;
    const { defaults } = this.http;
    return atEdgeLater(
      active.login(principal, {
        data,
        keep,
        device: defaults.deviceOf(req),
        ...defaults.lastsFor(req, options),
      }),
    );
  }

  /**
   * Takes note that the user has just proved once more who they are, by their password or what else you ask for: what
   * `@RecentLogin()` goes by. The session gets a new token, keeps its fields, its limits and its place in lists, and is stored
   * when this resolves (OWASP ASVS 5.0, 7.5.1).
   *
   * @throws {SessionGoneException} when there is no session, or it has ended (409)
   *
   * @example
   * await sessions.confirm({ elevate: { mayPay: true }, for: '5m' });
   */
  confirm({ elevate = {}, for: span = '10m' }: ConfirmOptions = {}): Promise<void> {
    return atEdgeLater(this.#active.confirm({ elevate, for: span }));
  }

  /** Logs out: the session is gone from the store and its cookie from the browser. */
  logout(): Promise<void> {
    return this.destroy();
  }

  /**
   * The page that `AuthGuard` sent somebody to the login page from, path and query, for the redirect after the login. It is given
   * once; after that, without one, or when it was ten minutes ago, the fallback is given.
   *
   * Whatever is given is a page of this application: anything else as a fallback becomes `/`, so that a value of a form or
   * query is no open redirect here (OWASP ASVS 5.0, 3.7.2). Needs no session, and no `load()`.
   *
   * @param fallback path and query, without host and fragment
   *
   * @example
   * await sessions.login(user.id);
   * res.redirect(303, sessions.takeReturnTo('/account'));
   */
  takeReturnTo(fallback: string = '/'): string {
    return this.#current.returnTo.take(fallback);
  }

  /**
   * Leaves a message for the next page that asks for it, by `@Flash()` or `takeFlash()`: it outlives a redirect, is shown
   * once, and is stored with the response. It comes along when this request logs somebody in or out, whether that is
   * before or after; after a logout it begins a new anonymous session.
   *
   * @param type what the page makes of it, such as `'error'`; 1 to 64 characters
   * @param message a text, or any value that JSON can hold; it is copied
   * @throws {SessionUsageException} `session_invalid_flash` for a type or a path that is none, or no message
   * @throws {SessionNotStorableException} when JSON cannot hold the message
   * @throws {SessionClosedError} when the response has ended
   *
   * @example
   * sessions.flash('info', 'Saved.');
   * sessions.flash('error', { field: 'coupon', text: 'Has expired.' }, { path: '/cart' });
   */
  flash(type: string, message: string | number | boolean | object | null, options: FlashOptions = {}): void {
    atEdge(() => this.#current.flash.add(type, message, options));
  }

  /**
   * Hands out messages of `flash()`, of one type or of all, the oldest first, and takes them away, as the decorator
   * `@Flash()` does. They are taken when this resolves; a HEAD request and a browser's prefetch get none.
   */
  takeFlash(type?: string): Promise<FlashMessage[]> {
    return this.#current.flash.take(type);
  }

  get #current(): RequestSession {
    const { current } = this.http;
    if (current === undefined) {
      throw notMounted();
    }
    return current;
  }

  get #active(): ActiveSession {
    return this.#current.active;
  }

  get #live(): ActiveSession['live'] {
    return atEdge(() => this.#active.live);
  }
}

/** Maps the failure, and stays a promise that knows whether anybody waits for it. */
function atEdgeLater<T>(operation: Operation<T>): Promise<T> {
  return operation.mapError(asHttp);
}

function dateOf(time: number | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
