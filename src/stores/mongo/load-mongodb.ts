import type { MongoClient } from 'mongodb';
import { isMissingPackage } from '../../core/missing-package.js';

/** The part of the optional package `mongodb` that is used. */
export interface Mongodb {
  readonly MongoClient: typeof MongoClient;
}

/**
 * Loads the optional package `mongodb` when the store has to make the client itself.
 *
 * @throws Error that says how to install it, when it is not there.
 */
export async function loadMongodb(load: () => Promise<Mongodb> = () => import('mongodb')): Promise<Mongodb> {
  try {
    return await load();
  } catch (cause) {
    throw new Error(
      isMissingPackage('mongodb', cause)
        ? 'MongoSessionStore needs the package mongodb to open a URL, and it is not installed. Install it: npm install mongodb'
        : 'MongoSessionStore could not load the package mongodb. Look at the cause; npm install mongodb may mend it.',
      { cause },
    );
  }
}
