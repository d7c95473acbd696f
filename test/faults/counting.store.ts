import { type Replaced, type SessionId, type SessionRecord, SessionStore } from 'nest-sessions';

/** Does nothing but count the operations that the store behind it has not answered yet. */
export class CountingStore extends SessionStore {
  /** Operations without an answer. */
  outstanding = 0;
  /** The most that there were at a time. */
  most = 0;

  constructor(private readonly inner: SessionStore) {
    super();
  }

  override open(): Promise<void> {
    return this.inner.open();
  }

  override close(): Promise<void> {
    return this.inner.close();
  }

  override read(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#count(this.inner.read(id));
  }

  override readMany(ids: readonly SessionId[]): Promise<(SessionRecord | undefined)[]> {
    return this.#count(this.inner.readMany(ids));
  }

  override create(id: SessionId, record: SessionRecord): Promise<boolean> {
    return this.#count(this.inner.create(id, record));
  }

  override replace(...args: Parameters<SessionStore['replace']>): Promise<Replaced> {
    return this.#count(this.inner.replace(...args));
  }

  override touch(...args: Parameters<SessionStore['touch']>): Promise<boolean> {
    return this.#count(this.inner.touch(...args));
  }

  override remove(id: SessionId): Promise<SessionRecord | undefined> {
    return this.#count(this.inner.remove(id));
  }

  async #count<T>(operation: Promise<T>): Promise<T> {
    this.outstanding += 1;
    this.most = Math.max(this.most, this.outstanding);
    try {
      return await operation;
    } finally {
      this.outstanding -= 1;
    }
  }
}
