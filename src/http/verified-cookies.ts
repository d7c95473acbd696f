import type { Token } from '../core/record.js';

/**
 * Remembers signed values that were verified, so that a client who comes back costs no HMAC. It keeps between one and
 * two times `capacity` of them, and forgets the older generation as a whole.
 */
export class VerifiedCookies {
  #young = new Map<string, Token>();
  #old = new Map<string, Token>();

  constructor(private readonly capacity = 5_000) {}

  get(signed: string): Token | undefined {
    const token = this.#young.get(signed);
    if (token !== undefined) {
      return token;
    }
    const known = this.#old.get(signed);
    if (known !== undefined) {
      this.add(signed, known);
    }
    return known;
  }

  add(signed: string, token: Token): void {
    if (this.#young.size >= this.capacity) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(signed, token);
  }
}
