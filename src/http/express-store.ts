import session from 'express-session';
import { assertFieldName } from '../core/field-object.js';
import { Fields } from '../core/fields.js';
import type { SessionId } from '../core/record.js';
import { isExpired } from '../core/lifetime.js';
import { Held } from '../core/held.js';
import type { SessionBackend } from '../core/session-backend.js';
import type { StoreGateway } from '../core/store-gateway.js';
import { asHttp } from './session.exceptions.js';

type Callback<T> = (error: unknown, result?: T) => void;

/** `req.sessionStore`: the store in express-session's terms, keyed by session id, for code that asks it directly. */
export class ExpressStoreView extends session.Store {
  constructor(
    private readonly gateway: StoreGateway,
    private readonly backend: SessionBackend,
    private readonly now: () => number,
    /** What a store made for express-session has beside these: `all`, `length` and the like. */
    extras: Readonly<Record<string, () => Promise<unknown>>> = {},
  ) {
    super();
    for (const [name, run] of Object.entries(extras)) {
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

  /** Changes the fields of a session that exists; it never brings one into being. */
  override set(sid: string, data: session.SessionData, callback?: Callback<void>): void {
    answer(this.#write(sid, data), callback);
  }

  override destroy(sid: string, callback?: Callback<void>): void {
    answer(this.#destroy(sid as SessionId), callback);
  }

  override touch(sid: string, _data: session.SessionData, callback?: Callback<void>): void {
    answer(this.#touch(sid), callback);
  }

  /** Gives a request a new session. */
  override regenerate(req: { session: session.Session }, callback: (error?: unknown) => void): void {
    req.session.regenerate(callback);
  }

  /** By an id that it had before its token was rotated, too. */
  async #destroy(id: SessionId): Promise<void> {
    const removed = await this.gateway.remove(id);
    if (removed?.next !== undefined) {
      await this.backend.remove(Held.found(removed.next, removed, this.now()));
    }
  }

  async #touch(sid: string): Promise<void> {
    const held = await this.#open(sid);
    if (held !== undefined) {
      await this.backend.touch(held);
    }
  }

  async #open(sid: string): Promise<Held | undefined> {
    const id = sid as SessionId;
    const record = await this.gateway.read(id);
    // What is stored is found by its id; the token behind it is not known here, nor needed.
    if (record === undefined || isExpired(record, this.now())) {
      return undefined;
    }
    const held = Held.found(id, record, this.now());
    return record.next === undefined ? held : this.backend.reopen(held);
  }

  async #read(sid: string): Promise<session.SessionData | null> {
    const held = await this.#open(sid);
    const fields = held?.texts && Fields.ofRecord(held.texts, held, () => undefined);
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
    await this.backend.commit(held, (current) => {
      const fields = Fields.ofTexts(current);
      fields.replaceAll(values);
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
