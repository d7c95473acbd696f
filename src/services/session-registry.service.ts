import { Inject, Injectable } from '@nestjs/common';
import { SessionError } from '../core/errors.js';
import { draftOf } from '../core/field-object.js';
import { Fields } from '../core/fields.js';
import { expiryOf } from '../core/lifetime.js';
import { type DeviceNote, parseMeta } from '../core/meta.js';
import type { PrincipalSession, PrincipalSessions } from '../core/principal-sessions.js';
import { parsePrincipal } from '../core/principal.js';
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
}

/** Which part of a list. */
export interface ListOptions {
  /** The handle after which it begins. @default the beginning */
  readonly after?: string;
  /** How many at most. @default 100 */
  readonly limit?: number;
}

/**
 * Everybody's sessions: who is logged in where, and how to end that. It needs the option `registry` (or `maxSessions`), and
 * knows the sessions that `SessionService.login()` began since it was set, or Passport with {@link passportPrincipal}.
 *
 * @throws {SessionUsageException} from every method, when the option is not set or a principal is none (500)
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

  /** The sessions of a user, the earliest login first. */
  list(principal: string, { after, limit = 100 }: ListOptions = {}): Promise<SessionInfo[]> {
    return this.#at(principal, async (sessions, who) => {
      const current = await this.#currentHandle();
      const all = await sessions.list(who);
      const start = after === undefined ? 0 : all.findIndex(({ entry }) => entry.handle === after) + 1;
      return all.slice(start, start + limit).map((session) => infoOf(session, current));
    });
  }

  /** How many sessions a user has. */
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
    const handle = await this.#currentHandle();
    const principal = this.http.current?.active.found?.record.principal;
    if (handle === undefined || principal === undefined) {
      throw asHttp(
        new SessionError('session_invalid_principal', {
          what: 'revokeOthers() was called where nobody is logged in by login().',
          fix: 'Guard the route with AuthGuard.',
        }),
      );
    }
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
   * Changes the fields of a user's session, as `SessionService.update()` does with the current one. False when this user
   * has none of that name.
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
          return { fields: fields.changes() };
        }));
      return stored !== undefined;
    });
  }

  #end(principal: string, which: (handle: string) => boolean): Promise<number> {
    return this.#at(principal, async (sessions, who) => {
      const own = await this.#currentHandle();
      const active = this.http.current?.active;
      const isOwn = own !== undefined && active?.found?.record.principal === who && which(own);
      // First, and as a logout: only who ends a session may take its cookie away.
      if (isOwn) {
        await active?.destroy('revoked');
      }
      const others = await sessions.end(who, ({ handle }) => handle !== own && which(handle));
      return others.length + (isOwn ? 1 : 0);
    });
  }

  /** The public name of the current request's session. Looking here does not count as use. */
  async #currentHandle(): Promise<string | undefined> {
    await this.http.current?.active.read();
    return this.http.current?.active.found?.record.handle;
  }

  async #at<T>(
    principal: string,
    work: (sessions: PrincipalSessions, who: Principal) => Promise<T>,
  ): Promise<T> {
    try {
      const { principals } = this.http;
      if (principals === undefined) {
        throw noRegistry();
      }
      return await work(principals, parsePrincipal(principal));
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
  };
}

function noRegistry(): SessionError {
  return new SessionError('session_no_registry', {
    what: 'SessionRegistry was asked, and it is not kept who is logged in where.',
    fix: 'Set registry: true, or maxSessions, in the options of SessionModule.',
  });
}
