import { Inject, Injectable } from '@nestjs/common';
import { SessionError } from '../core/errors.js';
import { draftOf } from '../core/field-object.js';
import { cursorOf } from '../core/entry-cursor.js';
import { Fields } from '../core/fields.js';
import { expiryOf } from '../core/lifetime.js';
import { type DeviceNote, parseMeta } from '../core/meta.js';
import type { PrincipalSession, PrincipalSessions } from '../core/principal-sessions.js';
import { parsePrincipal } from '../core/principal.js';
import type { Held } from '../core/held.js';
import type { Principal } from '../core/record.js';
import { assertSamePrincipal } from '../core/told-principal.js';
import { runUpdate } from '../core/update-draft.js';
import { asHttp } from '../http/session.exceptions.js';
import { SessionHttp } from '../http/session-http.js';
import type { SessionFields } from '../session-fields.js';

/**
 * One session of a user, as a list shows it.
 *
 * @publicApi
 */
export interface SessionInfo {
  /** Its public name, which {@link SessionRegistry.revoke} takes. It is no credential. */
  readonly handle: string;
  readonly createdAt: Date;
  /** The last activity that was written down; it may be up to `touchAfter` old. */
  readonly lastSeenAt: Date;
  /** When it ends if nothing more happens. */
  readonly expiresAt: Date;
  /** Whether it is the session of the current request. */
  readonly isCurrent: boolean;
  /** What the option `registry` says to note about where it is used; it is what the client said. */
  readonly device: Readonly<DeviceNote>;
  /** Where a list goes on behind it, for {@link ListOptions.after}; it holds when the session has ended meanwhile, too. */
  readonly cursor: string;
}

/** Which part of a list. */
export interface ListOptions {
  /**
   * The `cursor` of the last session that was seen, behind which it begins; the handle of a session that is still there does as
   * well. Behind anything else there is nothing. @default the beginning
   */
  readonly after?: string | undefined;
  /** How many at most, 1 or more. @default 100 */
  readonly limit?: number | undefined;
}

/**
 * Everybody's sessions: who is logged in where, and how to end that. It needs the option `registry` (or `maxSessions`), and
 * knows the sessions that `SessionService.login()` began since it was set, or Passport with {@link passportPrincipal}.
 *
 * @throws {SessionUsageException} from every method, when the option is not set or an argument is none (500)
 * @throws {SessionUnavailableException} when the store is in trouble (503)
 *
 * @example
 * \@Get('devices')
 * devices(@Principal() userId: string) {
 *   return this.registry.list(userId);
 * }
 *
 * @publicApi
 */
@Injectable()
export class SessionRegistry {
  constructor(@Inject(SessionHttp) private readonly http: SessionHttp) {}

  /**
   * The sessions of a user, the earliest login first. While sessions begin and end, pages that go on behind one another still show
   * each one that was there throughout, once.
   *
   * @example
   * const page = await registry.list(userId, { limit: 20 });
   * const next = await registry.list(userId, { limit: 20, after: page.at(-1)?.cursor });
   */
  list(principal: string, options: ListOptions = {}): Promise<SessionInfo[]> {
    return this.#at(principal, async (sessions, who) => {
      const page = { after: options.after, limit: parseLimit(options.limit) };
      const current = await this.#current();
      return (await sessions.list(who, page)).map((session) => infoOf(session, current?.record.handle));
    });
  }

  /** How many sessions a user has. It reads all of them: one that has expired does not count. */
  count(principal: string): Promise<number> {
    return this.#at(principal, async (sessions, who) => (await sessions.list(who)).length);
  }

  /** Ends one session of a user. False when this user has none of that name, whoever else has. */
  revoke(principal: string, handle: string): Promise<boolean> {
    return this.#end(principal, (candidate) => candidate === handle).then((ended) => ended > 0);
  }

  /**
   * Ends all sessions of the current user but the one of this request, logins under way included; for "log out my other
   * devices" and after a change of password (OWASP ASVS 5.0, 7.4.3). Answers how many.
   *
   * @throws {SessionUsageException} when nobody is logged in by `login()`
   */
  async revokeOthers(): Promise<number> {
    const { principal, handle } = await this.#within(async () => {
      const { principal: who, handle: own } = (await this.#current())?.record ?? {};
      if (who === undefined) {
        throw nobody();
      }
      return { principal: who, handle: own };
    });
    return this.#end(principal, (candidate) => candidate !== handle);
  }

  /** Ends all sessions of a user, this request's and logins under way included. Answers how many. */
  revokeAll(principal: string): Promise<number> {
    return this.#end(principal, () => true);
  }

  /** The fields of a user's session; undefined when this user has none of that name. */
  get(principal: string, handle: string): Promise<Readonly<Partial<SessionFields>> | undefined> {
    return this.#at(principal, async (sessions, who) => {
      const found = await sessions.find(who, handle);
      const fields = found?.held.texts && Fields.ofTexts(found.held.texts);
      // Only the application knows which fields its sessions have.
      return fields && ({ ...draftOf(fields) } as Partial<SessionFields>);
    });
  }

  /**
   * Changes the fields of a user's session, as `SessionService.update()` does with the current one. It is no activity of that
   * user: the session does not last longer for it. False when this user has none of that name.
   *
   * @example
   * await registry.patch(userId, handle, (draft) => { draft.role = 'editor'; });
   */
  patch(
    principal: string,
    handle: string,
    update: (draft: Partial<SessionFields>) => unknown,
  ): Promise<boolean> {
    return this.#at(principal, async (sessions, who) => {
      const found = await sessions.find(who, handle);
      const stored =
        found &&
        (await this.http.engine.backend.commit(found.held, (current, record) => {
          const fields = Fields.ofTexts(current);
          runUpdate(update, fields);
          assertSamePrincipal(this.http.engine, record, current, fields);
          return { fields: fields.changes(), isForeign: true };
        }));
      return stored !== undefined;
    });
  }

  #end(principal: string, which: (handle: string) => boolean): Promise<number> {
    return this.#at(principal, async (sessions, who) => {
      const active = this.http.current?.active;
      // Where that cannot be read its session is ended as any other; only its cookie stays.
      await active?.read();
      const { handle: own, principal: current } = active?.found?.record ?? {};
      const isOwn = own !== undefined && current === who && which(own);
      // First, and as a logout: only who ends a session may take its cookie away.
      if (isOwn) {
        await active?.destroy('revoked');
      }
      const others = await sessions.end(who, ({ handle }) => handle !== own && which(handle));
      return others.length + (isOwn ? 1 : 0);
    });
  }

  /**
   * What is stored of the current request's session. Looking here does not count as use.
   *
   * @throws {SessionError} `session_unavailable` when it could not be read
   */
  async #current(): Promise<Held | undefined> {
    const active = this.http.current?.active;
    await active?.read();
    return active?.isRead === false ? active.live.held : active?.found;
  }

  #at<T>(principal: string, work: (sessions: PrincipalSessions, who: Principal) => Promise<T>): Promise<T> {
    return this.#within((sessions) => work(sessions, parsePrincipal(principal)));
  }

  async #within<T>(work: (sessions: PrincipalSessions) => Promise<T>): Promise<T> {
    try {
      const { principals } = this.http;
      if (principals === undefined) {
        throw noRegistry();
      }
      return await work(principals);
    } catch (error) {
      throw asHttp(error);
    }
  }
}

function infoOf({ entry, held }: PrincipalSession, current: string | undefined): SessionInfo {
  const { record } = held;
  return {
    handle: entry.handle,
    createdAt: new Date(record.createdAt),
    lastSeenAt: new Date(record.lastSeenAt),
    expiresAt: new Date(expiryOf(record)),
    isCurrent: entry.handle === current,
    device: parseMeta(record.meta).device ?? {},
    cursor: cursorOf(entry),
  };
}

/** @throws {SessionError} `session_invalid_argument` */
function parseLimit(limit: unknown = 100): number {
  if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < 1) {
    throw new SessionError('session_invalid_argument', {
      what: 'The limit given to list() is no whole number above zero.',
      fix: 'Give a number such as 100; check what comes from a client, e.g. by ParseIntPipe.',
    });
  }
  return limit;
}

function nobody(): SessionError {
  return new SessionError('session_invalid_principal', {
    what: 'revokeOthers() was called where nobody is logged in by login().',
    fix: 'Guard the route with AuthGuard.',
  });
}

function noRegistry(): SessionError {
  return new SessionError('session_no_registry', {
    what: 'SessionRegistry was asked, and it is not kept who is logged in where.',
    fix: 'Set registry: true, or maxSessions, in the options of SessionModule.',
  });
}
