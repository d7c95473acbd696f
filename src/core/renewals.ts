import type { SessionId } from './record.js';
import type { Rotated } from './session-backend.js';

/** Renewals that are remembered. Who is forgotten costs the store a copy that comes to nothing. */
const MOST = 1_000;

/**
 * The renewals of tokens in this process: of the requests that find the same token old enough, one gives the session another.
 * The others keep the one they have.
 */
export class Renewals {
  /** The sessions, by the id they had, that are being renewed or have been: that id never is a session's again. */
  readonly #ids = new Set<SessionId>();

  /** Whether another request has taken it upon itself. */
  has(id: SessionId): boolean {
    return this.#ids.has(id);
  }

  /** Runs a renewal, unless another one of that session is under way or done. */
  async run(id: SessionId, renew: () => Promise<Rotated>): Promise<Rotated> {
    if (this.#ids.has(id)) {
      return 'overtaken';
    }
    this.#ids.add(id);
    this.#forgetOldest();
    let isDone = false;
    try {
      const renewed = await renew();
      isDone = typeof renewed !== 'string';
      return renewed;
    } finally {
      if (!isDone) {
        this.#ids.delete(id);
      }
    }
  }

  #forgetOldest(): void {
    for (const id of this.#ids) {
      if (this.#ids.size <= MOST) {
        return;
      }
      this.#ids.delete(id);
    }
  }
}
