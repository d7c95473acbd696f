import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { drawHandle, drawIdentity, HASHED_TOKENS, PLAIN_TOKENS, systemRandom, tokensOf } from './token.js';

describe('P7 a token', () => {
  it('is 32 random bytes, and the id is its SHA-256', () => {
    const { token, id } = drawIdentity(systemRandom, HASHED_TOKENS);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(HASHED_TOKENS.isToken(token)).toBe(true);
    expect(id).toBe(createHash('sha256').update(token).digest('base64url'));
    expect(drawIdentity(systemRandom, HASHED_TOKENS).token).not.toBe(token);
  });

  it.each(['', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}/`, `${'a'.repeat(42)}B`, 'ü'.repeat(43)])(
    'is not %j',
    (text) => {
      expect(HASHED_TOKENS.isToken(text)).toBe(false);
    },
  );
});

describe('what else is drawn', () => {
  it('is a version of 48 bits', () => {
    const version = systemRandom.version();
    expect(Number.isInteger(version) && version >= 0 && version < 2 ** 48).toBe(true);
    expect(systemRandom.version()).not.toBe(version);
  });

  it('is a handle that no cookie would take for a token', () => {
    expect(HASHED_TOKENS.isToken(drawHandle(systemRandom))).toBe(false);
  });
});

describe('a token of a store that is keyed by it', () => {
  it('is drawn like any other, and is the id', () => {
    const { token, id } = drawIdentity(systemRandom, PLAIN_TOKENS);
    expect([id, HASHED_TOKENS.isToken(token), PLAIN_TOKENS.isToken(token)]).toEqual([token, true, true]);
  });

  it.each(['a', 'a'.repeat(256), 'user:1.2', 'a/b+c==', 'a..b', 'zoë', '-'])('may be %j', (text) => {
    expect(PLAIN_TOKENS.isToken(text)).toBe(true);
  });

  it.each(['', 'a'.repeat(257), 'a\u0000b', 'a\nb', '\u007f', '..', '../a', 'a/../b', 'a\\..', '..\\a'])(
    'is not %j',
    (text) => {
      expect(PLAIN_TOKENS.isToken(text)).toBe(false);
    },
  );

  it('goes with such a store, and with no other', () => {
    expect(tokensOf({ keyedBy: 'token' })).toBe(PLAIN_TOKENS);
    expect([tokensOf({}), tokensOf({ keyedBy: 'hash' })]).toEqual([HASHED_TOKENS, HASHED_TOKENS]);
  });
});
