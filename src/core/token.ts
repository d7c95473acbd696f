import { hash, randomBytes, randomInt } from 'node:crypto';
import type { Handle, SessionId, Token, Version } from './record.js';

/** Where randomness comes from. */
export interface RandomSource {
  /** Unpredictable bytes. */
  bytes(size: number): Buffer;
  /** The version of one write. */
  version(): Version;
}

/** The operating system's random source. */
export const systemRandom: RandomSource = {
  bytes: (size) => randomBytes(size),
  version: () => randomInt(2 ** 48 - 1) as Version,
};

/** A token and the id that follows from it. */
export interface SessionIdentity {
  readonly token: Token;
  readonly id: SessionId;
}

// 43 characters of base64url carry 258 bits: the last one has only 4 that count, so 16 of the 64 are canonical.
const TOKEN = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** Whether a text has the form of a token: 32 bytes in canonical base64url. */
export function isToken(text: string): text is Token {
  return TOKEN.test(text);
}

/** The key a token's record is kept under. A leaked store gives no credential away (OWASP ASVS 5.0, 7.2). */
export function sessionIdOf(token: Token): SessionId {
  return hash('sha256', token, 'base64url') as SessionId;
}

/** A token with the id that follows from it. */
export function identify(token: Token): SessionIdentity {
  return { token, id: sessionIdOf(token) };
}

/** Draws a new token of 256 bits. */
export function drawIdentity(random: RandomSource): SessionIdentity {
  return identify(random.bytes(32).toString('base64url') as Token);
}

/** Draws a public name of 96 bits. */
export function drawHandle(random: RandomSource): Handle {
  return random.bytes(12).toString('base64url') as Handle;
}
