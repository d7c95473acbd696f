import type { SessionIdentity } from '../core/token.js';

/**
 * Remembers signed values that were verified, so that a client who comes back costs neither HMAC nor
 * hash. It keeps between one and
 * two times `capacity` of them, and forgets the older generation as a whole.
 */
export class VerifiedCookies {
  #young = new Map<string, SessionIdentity>();
  #old = new Map<string, SessionIdentity>();

  constructor(private readonly capacity = 5_000) {}

  get(signed: string): SessionIdentity | undefined {
    const identity = this.#young.get(signed);
    if (identity !== undefined) {
      return identity;
    }
    const known = this.#old.get(signed);
    if (known !== undefined) {
      this.add(signed, known);
    }
    return known;
  }

  add(signed: string, identity: SessionIdentity): void {
    if (this.#young.size >= this.capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(signed, identity);
  }
}
