import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { drawHandle, drawIdentity, isToken, systemRandom } from './token.js';

describe('P7 a token', () => {
  it('is 32 random bytes, and the id is its SHA-256', () => {
    const { token, id } = drawIdentity(systemRandom);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(isToken(token)).toBe(true);
    expect(id).toBe(createHash('sha256').update(token).digest('base64url'));
    expect(drawIdentity(systemRandom).token).not.toBe(token);
  });

  it.each(['', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}/`, `${'a'.repeat(42)}B`, 'ü'.repeat(43)])(
    'is not %j',
    (text) => {
      expect(isToken(text)).toBe(false);
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
    expect(isToken(drawHandle(systemRandom))).toBe(false);
  });
});
