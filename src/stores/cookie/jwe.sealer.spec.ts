import { describe, expect, it } from 'vitest';
import { StoreSetupError } from '../../core/store-setup.error.js';
import { JweSealer } from './jwe.sealer.js';
import { type Jose, loadJose } from './load-jose.js';

const SECRET = '0123456789abcdef0123456789abcdef';
const OTHER = 'fedcba9876543210fedcba9876543210';

const VERSIONS: readonly [string, () => Promise<Jose>][] = [
  ['jose 6', () => import('jose')],
  ['jose 5', () => import('jose-5')],
];

const TEXTS = ['', 'a', '\u{1F36A} é \u0000 \n', 'x'.repeat(3_000)];

describe.each(VERSIONS)('a token sealed with %s', (_name, load) => {
  it.each(VERSIONS)('opens with %s', async (_other, loadOther) => {
    const sealer = new JweSealer([SECRET], 'sid', load);
    const opener = new JweSealer([OTHER, SECRET], 'sid', loadOther);
    for (const text of TEXTS) {
      const token = await sealer.seal(text);
      expect(opener.isToken(token)).toBe(true);
      expect(await opener.unseal(token)).toBe(text);
    }
  });

  it('does not open once a bit is changed, for another cookie, or with another secret', async () => {
    const sealer = new JweSealer([SECRET], 'sid', load);
    const token = await sealer.seal('secret');
    const changed = token.replace(/.(.{5})$/, (end) => (end.startsWith('A') ? 'B' : 'A') + end.slice(1));
    expect(sealer.isToken(changed)).toBe(true);
    expect(await sealer.unseal(changed as typeof token)).toBeUndefined();
    for (const other of [new JweSealer([SECRET], 'other', load), new JweSealer([OTHER], 'sid', load)]) {
      expect(other.isToken(token)).toBe(false);
      expect(await other.unseal(token)).toBeUndefined();
    }
  });

  it('is never the same twice', async () => {
    const sealer = new JweSealer([SECRET], 'sid', load);
    expect(await sealer.seal('a')).not.toBe(await sealer.seal('a'));
  });
});

describe('the package jose', () => {
  const missing = Object.assign(new Error("Cannot find package 'jose' imported from …"), {
    code: 'ERR_MODULE_NOT_FOUND',
  });

  it('is named with how to install it when it is not there', async () => {
    const sealer = new JweSealer([SECRET], 'sid', () => loadJose(() => Promise.reject(missing)));
    await expect(sealer.open()).rejects.toThrow(
      'SealedCookieStore needs the package jose, and it is not installed. Install it: npm install jose',
    );
    await expect(sealer.open()).rejects.toBeInstanceOf(StoreSetupError);
  });

  it('is not called missing when something else went wrong', async () => {
    const failed = loadJose(() => Promise.reject(new SyntaxError('unexpected')));
    await expect(failed).rejects.toThrow('SealedCookieStore could not load the package jose.');
  });

  it('is tried again after a failure, and loaded once', async () => {
    let calls = 0;
    const sealer = new JweSealer([SECRET], 'sid', () =>
      calls++ === 0 ? Promise.reject(new Error('not yet')) : import('jose'),
    );
    await expect(sealer.seal('a')).rejects.toThrow('not yet');
    await sealer.unseal(await sealer.seal('a'));
    expect(calls).toBe(2);
  });
});
