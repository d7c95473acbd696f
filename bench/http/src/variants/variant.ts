import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import type { Accounts } from '../app/accounts.js';
import type { Work } from '../works.js';

/** Servers that variants need. */
export type DatabaseName = 'redis' | 'mongo' | 'postgres';

/** Where things are that a variant works with. */
export interface Surroundings {
  /** The address of each database server that runs. */
  readonly urls: Readonly<Partial<Record<DatabaseName, string>>>;
  /** An empty directory of the variant's own. */
  readonly directory: string;
}

/** One way of having sessions, or none. */
export interface Variant {
  readonly name: string;
  /** @default 'express' */
  readonly platform?: 'express' | 'fastify';
  /** The server that has to run. */
  readonly database?: DatabaseName;
  /** The variant without a session on the same platform; itself where that is what it is. */
  readonly baseline: string;
  /** The variant that it is compared with: the same kind of store. */
  readonly peer?: string;
  /** What is measured with it. @default all */
  readonly works?: readonly Work[];
  /** Whether it has sessions at all; where it has none, everybody is nobody. @default true */
  readonly remembers?: boolean;
  /** Whether the session is its cookie: what is too long for one does not fit, and a former cookie still opens. @default false */
  readonly livesInCookie?: boolean;
  /** The packages whose versions belong to the figures. */
  readonly packages?: readonly string[];
  prepare(surroundings: Surroundings): Prepared | Promise<Prepared>;
}

/** What a variant brings into the application. */
export interface Prepared {
  readonly imports?: readonly (DynamicModule | Type)[];
  readonly accounts: Type<Accounts>;
  /** What `main.ts` would do before it listens. */
  install?(app: INestApplication): unknown;
}

/** The secret of all of them. */
export const SECRET = 'Wm3J8xqRzT5vL1nB7cYk2HpD9sFg4AuE';

/** The cookie of all of them. */
export const COOKIE = { path: '/', httpOnly: true, sameSite: 'lax', secure: false } as const;

/** The name of the cookie of all of them. */
export const COOKIE_NAME = 'sid';

/**
 * The address of the database that a variant needs.
 *
 * @throws {Error} when it does not run.
 */
export function urlOf({ urls }: Surroundings, database: DatabaseName): string {
  const url = urls[database];
  if (url === undefined) {
    throw new Error(`There is no ${database}.`);
  }
  return url;
}
