import session from 'express-session';
import type { Clock } from '../core/clock.js';
import { assertFieldName } from '../core/field-object.js';
import { Fields } from '../core/fields.js';
import type { SessionId, SessionRecord } from '../core/record.js';
import { isExpired, limitOf } from '../core/lifetime.js';
import { Held } from '../core/held.js';
import { isIndexId } from '../core/principal-index.js';
import type { SessionBackend } from '../core/session-backend.js';
import { about, type Emit } from '../core/session-event.js';
import type { StoreGateway } from '../core/store-gateway.js';
import { assertSamePrincipal, type Teller } from '../core/told-principal.js';
import { asHttp } from './session.exceptions.js';

/** What the store is shown by. */
export interface ExpressStoreViewParts {
  readonly gateway: StoreGateway;
  readonly backend: SessionBackend;
  readonly clock: Clock;
  readonly emit: Emit;
  /** Who is logged in by the fields, where the application goes by those. */
  readonly teller: Teller;
  /** What a store made for express-session has beside the methods here: `all`, `length` and the like. */
  readonly extras?: Readonly<Record<string, () => Promise<unknown>>>;
}

type Callback<T> = (error: unknown, result?: T) => void;

/** `req.sessionStore`: the store in express-session's terms, keyed by session id, for code that asks it directly. */
export class ExpressStoreView extends session.Store {
  constructor(private readonly parts: ExpressStoreViewParts) {
    super();
    for (const [name, run] of Object.entries(parts.extras ?? {})) {
      Reflect.defineProperty(this, name, {
        value: (callback?: Callback<unknown>) => answer(run(), callback),
        writable: true,
        configurable: true,
      });
    }
  }

  override get(sid: string, callback: Callback<session.SessionData | null>): void {
    answer(this.#read(sid), callback);
  }

  /** Changes the fields of a session that exists; it never brings one into being, nor changes who is logged in by it. */
  override set(sid: string, data: session.SessionData, callback?: Callback<void>): void {
    answer(this.#write(sid, data), callback);
  }

  /** Ends a session as `logout()` does; the cookie of whoever has it stays, and is worth nothing. */
  override destroy(sid: string, callback?: Callback<void>): void {
    answer(this.#destroy(sid), callback);
  }

  override touch(sid: string, _data: session.SessionData, callback?: Callback<void>): void {
    answer(this.#touch(sid), callback);
  }

  /** Gives a request a new session. */
  override regenerate(req: { session: session.Session }, callback: (error?: unknown) => void): void {
    req.session.regenerate(callback);
  }

  /** By an id that it had before its token was rotated, too. */
  async #destroy(sid: string): Promise<void> {
    const { gateway, backend, clock, emit } = this.parts;
    const record = await this.#find(sid);
    if (record === undefined) {
      // What cannot be read may be there all the same.
      await (isIndexId(sid) ? undefined : gateway.remove(sid as SessionId));
      return;
    }
    const now = clock.now();
    const removed = await backend.remove(Held.found(sid as SessionId, record, now));
    if (removed !== undefined) {
      const reason = isExpired(removed.record, now) ? limitOf(removed.record, now) : 'logout';
      emit({ type: 'ended', reason, ...about(removed.record) });
    }
  }

  async #touch(sid: string): Promise<void> {
    const held = await this.#open(sid);
    if (held !== undefined) {
      await this.parts.backend.touch(held);
    }
  }

  async #open(sid: string): Promise<Held | undefined> {
    const record = await this.#find(sid);
    const now = this.parts.clock.now();
    // What is stored is found by its id; the token behind it is not known here, nor needed.
    if (record === undefined || isExpired(record, now)) {
      return undefined;
    }
    // What is elevated falls away: shown here, it would come back by set() as a field that stays.
    const held = Held.found(sid as SessionId, record, now, 'former');
    return record.next === undefined ? held : this.parts.backend.reopen(held);
  }

  /** What the store keeps beside sessions is not shown. */
  async #find(sid: string): Promise<SessionRecord | undefined> {
    return isIndexId(sid) ? undefined : this.parts.gateway.read(sid as SessionId);
  }

  async #read(sid: string): Promise<session.SessionData | null> {
    const held = await this.#open(sid);
    const fields = held?.visible && Fields.ofRecord(held.visible, held, () => undefined);
    if (held === undefined || fields === undefined) {
      return null;
    }
    const cookie = new session.Cookie();
    cookie.expires = new Date(held.record.expiresAt);
    // Only the application knows which fields its sessions have.
    const data = { cookie } as session.SessionData;
    for (const name of fields.names()) {
      Object.defineProperty(data, name, {
        value: fields.get(name),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
    return data;
  }

  async #write(sid: string, data: session.SessionData): Promise<void> {
    const held = await this.#open(sid);
    if (held === undefined) {
      return;
    }
    const { cookie: _, ...values } = data;
    Object.keys(values).forEach(assertFieldName);
    const { backend, teller } = this.parts;
    await backend.commit(held, (current, record) => {
      const fields = Fields.ofTexts(current);
      fields.replaceAll(values);
      assertSamePrincipal(teller, record, current, fields);
      return { fields: fields.changes() };
    });
  }
}

function answer<T>(work: Promise<T>, callback: Callback<T> | undefined): void {
  work.then(
    (result) => callback && process.nextTick(callback, null, result),
    (error: unknown) => callback && process.nextTick(callback, asHttp(error)),
  );
}
