import type { webcrypto } from 'node:crypto';
import type { CompactJWEHeaderParameters, DecryptOptions, errors } from 'jose';
import { isMissingPackage } from '../../core/missing-package.js';
import { StoreSetupError } from '../../core/store-setup.error.js';

/** Seals one text; a class in each version, of which only this much is the same type. */
interface Encrypting {
  setProtectedHeader(header: CompactJWEHeaderParameters): {
    encrypt(key: webcrypto.CryptoKey): Promise<string>;
  };
}

/** The part of the optional package `jose` that is used; versions 5 and 6 have it alike. */
export interface Jose {
  readonly CompactEncrypt: new (plaintext: Uint8Array) => Encrypting;
  compactDecrypt(
    token: string,
    key: webcrypto.CryptoKey,
    options: DecryptOptions,
  ): Promise<{ plaintext: Uint8Array }>;
  readonly errors: Pick<typeof errors, 'JOSEError'>;
}

/**
 * Loads the optional package `jose` when it is first needed.
 *
 * @throws {StoreSetupError} that says how to install it, when it is not there
 */
export async function loadJose(load: () => Promise<Jose> = () => import('jose')): Promise<Jose> {
  try {
    return await load();
  } catch (cause) {
    throw new StoreSetupError(
      isMissingPackage('jose', cause)
        ? 'SealedCookieStore needs the package jose, and it is not installed.'
        : 'SealedCookieStore could not load the package jose.',
      'Install it: npm install jose',
      { cause },
    );
  }
}
