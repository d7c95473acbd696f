import type { open } from 'lmdb';
import { isMissingPackage } from '../../core/missing-package.js';

/** The part of the optional package `lmdb` that is used. */
export interface Lmdb {
  readonly open: typeof open;
}

/**
 * Loads the optional package `lmdb` when it is first needed.
 *
 * @throws Error that says how to install it, when it is not there.
 */
export async function loadLmdb(load: () => Promise<Lmdb> = () => import('lmdb')): Promise<Lmdb> {
  try {
    return await load();
  } catch (cause) {
    throw new Error(
      isMissingPackage('lmdb', cause)
        ? 'LmdbSessionStore needs the package lmdb, and it is not installed. Install it: npm install lmdb'
        : 'LmdbSessionStore could not load the package lmdb. Its native part may not fit this platform: run npm ' +
            'rebuild lmdb, or npm install lmdb again where the application runs.',
      { cause },
    );
  }
}
