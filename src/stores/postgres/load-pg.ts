import { isMissingPackage } from '../../core/missing-package.js';
import type { PostgresPool } from './postgres-pool.js';

/** A pool that we opened ourselves. */
export interface OwnPool extends PostgresPool {
  on(event: 'error', listener: () => void): unknown;
  end(): Promise<void>;
}

/** What our own pools are opened with. */
export interface OwnPoolOptions {
  readonly connectionString: string;
  readonly connectionTimeoutMillis: number;
  readonly query_timeout: number;
  readonly keepAlive: boolean;
}

/** The part of the optional package `pg` that is used. */
export interface Pg {
  readonly Pool: new (options: OwnPoolOptions) => OwnPool;
  /** Reads the URL, and connects only when it is told to. */
  readonly Client: new (options: Pick<OwnPoolOptions, 'connectionString'>) => { readonly port: number };
}

/**
 * Loads the optional package `pg` when it is first needed.
 *
 * @throws Error that says how to install it, when it is not there.
 */
export async function loadPg(
  load: () => Promise<{ readonly default: Pg }> = () => import('pg'),
): Promise<Pg> {
  try {
    return (await load()).default;
  } catch (cause) {
    throw new Error(
      isMissingPackage('pg', cause)
        ? 'PostgresSessionStore needs the package pg to open a url, and it is not installed. Install it: npm install pg'
        : 'PostgresSessionStore could not load the package pg. Install it again: npm install pg',
      { cause },
    );
  }
}
