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

/** Which texts are tokens, and what the store is keyed by. */
export interface TokenScheme {
  /** The most characters that a token has. */
  readonly longest: number;
  /** Whether a text has the form of a token. */
  isToken(text: string): text is Token;
  /** The key a token's record is kept under. */
  idOf(token: Token): SessionId;
}

/**
 * What stores of our own contract are keyed by: a token is 32 bytes in canonical base64url, and the store sees its hash
 * only, so that a leaked store gives no credential away (OWASP ASVS 5.0, 7.2).
 */
export const HASHED_TOKENS: TokenScheme = {
  longest: 43,
  isToken: (text): text is Token => TOKEN.test(text),
  idOf: (token) => hash('sha256', token, 'base64url') as SessionId,
};

// No control characters, and no way out of a folder: some stores make file names of ids.
const PLAIN_TOKEN = /^(?!(?:.*[\\/])?\.\.(?:[\\/]|$))\P{Cc}{1,256}$/u;

/**
 * What stores made for express-session are keyed by: the token itself, in whatever form the application drew it there.
 * Only the cookie's signature says that it is one.
 */
export const PLAIN_TOKENS: TokenScheme = {
  longest: 256,
  isToken: (text): text is Token => PLAIN_TOKEN.test(text),
  idOf: (token) => token as string as SessionId,
};

/** A store whose keys are the tokens themselves. */
export interface TokenKeyedStore {
  readonly keyedBy: 'token';
}

/** Which tokens go with a store. */
export function tokensOf(store: object): TokenScheme {
  return 'keyedBy' in store && store.keyedBy === 'token' ? PLAIN_TOKENS : HASHED_TOKENS;
}

/** Draws a new token of 256 bits. */
export function drawIdentity(random: RandomSource, scheme: TokenScheme): SessionIdentity {
  const token = random.bytes(32).toString('base64url') as Token;
  return { token, id: scheme.idOf(token) };
}

/** Draws a public name of 96 bits. */
export function drawHandle(random: RandomSource): Handle {
  return random.bytes(12).toString('base64url') as Handle;
}
