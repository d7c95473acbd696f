import { gone, SessionError } from './errors.js';
import { mergeFields, NO_FIELDS } from './field-texts.js';
import { Fields } from './fields.js';
import type { SessionListener } from './active-session.types.js';
import type { LiveSession } from './live-session.js';
import type { PresentedSession } from './presented-session.js';
import type { Held } from './held.js';
import type { SessionChange, SessionDraft } from './session-backend.js';
import type { SessionEngine } from './session-engine.js';
import { about, type EndReason } from './session-event.js';
import { assertSamePrincipal, entryOf, hasSomebody, turn } from './told-principal.js';
import { runUpdate, type UpdateFunction } from './update-draft.js';

/** What a login knows of the session it begins. */
type LoginDraft = Omit<SessionDraft, 'fields' | 'handle'>;

/** Brings what was done to a session to the place where it lives. */
export class SessionWriter {
  /** True once the response's head is out. */
  isHeadSent = false;
  /** Told of what happens to the session. */
  listener: SessionListener | undefined;

  constructor(
    private readonly engine: SessionEngine,
    private readonly presented: PresentedSession,
  ) {}

  /**
   * Stores what is pending; undefined when nothing is. A new session without fields is stored only if it must exist. With
   * `trouble` nothing is tried: the store has let this request wait in vain already.
   */
  store(live: LiveSession, mustExist: boolean, trouble?: SessionError): Promise<void> | undefined {
    if (live.ended === 'destroyed' || live.isGone) {
      return undefined;
    }
    const { held } = live;
    if (held === undefined) {
      return mustExist || !live.fields.isEmpty ? (refused(trouble) ?? this.#begin(live)) : undefined;
    }
    const change = live.change();
    return live.isUnchangedBy(change)
      ? undefined
      : (refused(trouble) ?? this.#write(live, held, change, mustExist));
  }

  /** Makes a new session durable. */
  async create(live: LiveSession, login?: LoginDraft): Promise<void> {
    this.assertCanBegin();
    const change = live.change();
    this.engine.inspect(live, change);
    const defaults = this.listener?.begins();
    const begun = login ?? entryOf(this.engine, live, defaults);
    const idle = change.idle ?? begun?.idle ?? defaults?.idle;
    const cookie = change.meta?.cookie;
    const draft: SessionDraft = {
      ...begun,
      ...(idle === undefined ? {} : { idle }),
      meta: { ...begun?.meta, ...(cookie && { cookie }) },
      fields: mergeFields(NO_FIELDS, change.fields),
    };
    live.settle(this.#sendable(await this.engine.backend.create(live.identity, draft), live), change);
  }

  /** Tells that a session has begun. */
  tellBegun({ held }: LiveSession): void {
    if (held !== undefined) {
      const { principal } = held.record;
      this.engine.emit({ type: 'started', ...about(held.record) });
      if (principal !== undefined) {
        this.engine.emit({ type: 'login', handle: held.record.handle, principal });
      }
    }
  }

  /**
   * Gives a session another token where its time has come. False when it keeps the one it has: another request was faster, or
   * it is gone.
   */
  async rotate(live: LiveSession): Promise<boolean> {
    const { backend, renewals } = this.engine;
    const { held } = live;
    const rotated = held && (await renewals.run(held.id, () => backend.rotate(held, backend.mint())));
    if (rotated === undefined || typeof rotated === 'string') {
      return false;
    }
    this.renewed(live, rotated);
    return true;
  }

  /** Takes note that a session has another token, and tells. */
  renewed(live: LiveSession, rotated: Held): void {
    live.renew(this.#sendable(rotated, live));
    this.engine.emit({ type: 'renewed', ...about(rotated.record) });
  }

  /** Another request ended the session: nothing of this one is stored any more. */
  lose(live: LiveSession): void {
    live.isGone = true;
    if (live.held !== undefined) {
      this.engine.emit({ type: 'lost-write', ...about(live.held.record) });
    }
  }

  /** An atomic read-modify-write of the stored fields. */
  async update<R>(live: LiveSession, update: UpdateFunction<R>): Promise<R> {
    if (live.held === undefined) {
      const { result, undo } = live.updateNew((fields) => runUpdate(update, fields));
      try {
        await this.store(live, false);
      } catch (error) {
        undo();
        throw error;
      }
      return result;
    }
    this.#assertCanChange();
    let last: { readonly result: R; readonly change: SessionChange; readonly fields: Fields } | undefined;
    const held = await this.engine.backend.commit(live.held, (current, record) => {
      const fields = Fields.ofTexts(current);
      const result = runUpdate(update, fields);
      assertSamePrincipal(this.engine, record, current, fields);
      last = { result, change: { fields: fields.changes() }, fields };
      return last.change;
    });
    if (held === undefined || last === undefined) {
      this.lose(live);
      throw gone();
    }
    this.engine.inspect(last.fields, last.change);
    live.rebase(this.#sendable(held, live), last.change);
    return last.result;
  }

  /** Takes back a session that nobody was told of. It is not waited for: the store may be what failed. */
  undo({ held }: LiveSession): void {
    if (held !== undefined) {
      this.engine.track(this.engine.backend.remove(held).catch(() => undefined));
    }
  }

  /** Ends a session, and tells why. Undefined when there was none, or another request had ended it. */
  async remove(live: LiveSession, reason: EndReason): Promise<Held | undefined> {
    if (live.held === undefined) {
      return undefined;
    }
    this.#assertCanChange();
    const removed = await this.engine.backend.remove(live.held);
    this.presented.noteEnd(removed);
    if (removed !== undefined) {
      this.engine.emit({ type: 'ended', reason, ...about(removed.record) });
    }
    return removed;
  }

  /**
   * Gives a session that lives in its token one that tells of this activity, used or not. False when that cannot be; it
   * never rejects, since nothing is lost by it.
   */
  async renew(live: LiveSession | undefined): Promise<boolean> {
    const held = live === undefined ? this.presented.found : live.held;
    try {
      const renewed = held && (await this.engine.backend.touch(held));
      if (renewed === undefined) {
        return false;
      }
      (live ?? this.presented).renew(this.#sendable(renewed, live));
      return true;
    } catch (error) {
      this.engine.report(error);
      return false;
    }
  }

  /** Whether a session that lives in its token cannot be changed any more, because the client cannot be given another. */
  get isTooLate(): boolean {
    return this.isHeadSent && this.engine.backend.livesInToken;
  }

  /** @throws {SessionError} `session_headers_sent` when the cookie of a new token could not be set any more */
  assertCanBegin(): void {
    if (this.isHeadSent) {
      throw new SessionError('session_headers_sent', {
        what: 'A session can neither begin nor get another token once the response has begun: its cookie can no longer be set.',
        fix: 'Log in, confirm, regenerate or fill a new session before the first byte of the response.',
      });
    }
  }

  async #begin(live: LiveSession): Promise<void> {
    try {
      await this.create(live);
    } catch (error) {
      // The response that tells of a failed login would begin the session after all.
      if (hasSomebody(this.engine, live)) {
        live.forget();
      }
      throw error;
    }
    this.tellBegun(live);
  }

  /** Makes a change durable, or drops it when the session is gone. Throws at once where there can be no change any more. */
  #write(live: LiveSession, held: Held, change: SessionChange, mustExist: boolean): Promise<void> {
    this.#assertCanChange();
    this.engine.inspect(live, change);
    const turned = turn(this.engine, this, live, mustExist);
    if (turned !== undefined) {
      return turned.then((isTurned) => (isTurned ? undefined : this.lose(live)));
    }
    return this.engine.backend
      .commit(held, () => change)
      .then((stored) => {
        if (stored === undefined) {
          this.lose(live);
        } else {
          live.settle(this.#sendable(stored, live), change);
        }
      });
  }

  /** Makes sure that the client can be given a new token; where it cannot, the session is as it was. */
  #sendable(held: Held, live: LiveSession | undefined): Held {
    if (this.engine.backend.livesInToken && held !== live?.held) {
      this.listener?.assertFits(held);
    }
    return held;
  }

  #assertCanChange(): void {
    if (this.isTooLate) {
      throw new SessionError('session_closed', {
        what:
          'The session lives in its cookie, and cannot be changed once the response has begun: the cookie can no longer be ' +
          'set.',
        fix: 'Change or end the session before the first byte of the response, or choose a store.',
      });
    }
  }
}

function refused(trouble: SessionError | undefined): Promise<never> | undefined {
  return trouble && Promise.reject(trouble);
}
