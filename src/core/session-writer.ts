import { gone, SessionError } from './errors.js';
import { mergeFields, NO_FIELDS } from './field-texts.js';
import { Fields } from './fields.js';
import type { LiveSession } from './live-session.js';
import type { Principal } from './record.js';
import type { Held } from './held.js';
import type { SessionChange } from './session-backend.js';
import type { SessionEngine } from './session-engine.js';
import { runUpdate, type UpdateFunction } from './update-draft.js';

/** Brings what was done to a session to the place where it lives. */
export class SessionWriter {
  /** True once the response's head is out. */
  isHeadSent = false;

  constructor(
    private readonly engine: SessionEngine,
    /** The idle timeout of a session that begins here, where it is not the configured one. */
    private readonly idleOfNew?: () => number | undefined,
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
      return mustExist || !live.fields.isEmpty ? (refused(trouble) ?? this.create(live)) : undefined;
    }
    const change = live.change();
    return live.isUnchangedBy(change) ? undefined : (refused(trouble) ?? this.#write(live, held, change));
  }

  /** Makes a new session durable. */
  async create(live: LiveSession, login?: { principal: Principal; meta: string }): Promise<void> {
    this.assertCanBegin();
    const change = live.change();
    this.engine.inspect(live, change);
    const idle = change.idle ?? this.idleOfNew?.();
    const draft = {
      ...change,
      ...login,
      ...(idle === undefined ? {} : { idle }),
      fields: mergeFields(NO_FIELDS, change.fields),
    };
    live.settle(await this.engine.backend.create(live.identity, draft), change);
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
    let last: { readonly result: R; readonly change: SessionChange; readonly fields: Fields } | undefined;
    const held = await this.engine.backend.commit(live.held, (current) => {
      const fields = Fields.ofTexts(current);
      const result = runUpdate(update, fields);
      last = { result, change: { fields: fields.changes() }, fields };
      return last.change;
    });
    if (held === undefined || last === undefined) {
      this.#lose(live);
      throw gone();
    }
    this.engine.inspect(last.fields, last.change);
    live.rebase(held, last.change);
    return last.result;
  }

  /** @throws {SessionError} `session_headers_sent` when a new session's cookie could not be set any more */
  assertCanBegin(): void {
    if (this.isHeadSent) {
      throw new SessionError('session_headers_sent', {
        what: 'A session cannot begin once the response has begun: its cookie can no longer be set.',
        fix: 'Log in, regenerate or fill a new session before the first byte of the response.',
      });
    }
  }

  /** Makes a change durable, or drops it when the session is gone. */
  async #write(live: LiveSession, held: Held, change: SessionChange): Promise<void> {
    this.engine.inspect(live, change);
    const stored = await this.engine.backend.commit(held, () => change);
    if (stored === undefined) {
      this.#lose(live);
    } else {
      live.settle(stored, change);
    }
  }

  /** Another request ended the session: nothing of this one is stored any more. */
  #lose(live: LiveSession): void {
    live.isGone = true;
    if (live.held !== undefined) {
      this.engine.emit({ type: 'lost-write', handle: live.held.record.handle });
    }
  }
}

function refused(trouble: SessionError | undefined): Promise<never> | undefined {
  return trouble && Promise.reject(trouble);
}
