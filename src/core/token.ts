import { hash, randomBytes } from 'node:crypto';
import type { Handle, SessionId, Token, Version } from './record.js';

/** Where randomness comes from: `size` unpredictable bytes. */
export type RandomSource = (size: number) => Buffer;

/** The operating system's random source. */
export const systemRandom: RandomSource = (size) => randomBytes(size);

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

/** Draws a new token of 256 bits. */
export function drawIdentity(random: RandomSource): SessionIdentity {
  const token = random(32).toString('base64url') as Token;
  return { token, id: sessionIdOf(token) };
}

/** Draws a public name of 96 bits. */
export function drawHandle(random: RandomSource): Handle {
  return random(12).toString('base64url') as Handle;
}

/** Draws the version of one write. */
export function drawVersion(random: RandomSource): Version {
  return random(6).readUIntBE(0, 6) as Version;
}
