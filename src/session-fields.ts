import type { SessionData as ExpressSessionData } from 'express-session';
import './express-session.augmentation.js';

/** The fields of a session, as named in `SessionData` of this package or of express-session. */
export type SessionFields = Omit<ExpressSessionData, 'cookie'>;

/** Name of a field: one that is declared, or any text while none is. */
export type FieldName = keyof SessionFields extends never ? string : Extract<keyof SessionFields, string>;

/** The value of a field. */
export type FieldValue<Name> = Name extends keyof SessionFields ? SessionFields[Name] : unknown;

/** Paths into a value; the tuple counts how many more names may follow. */
type PathsOf<T, More extends unknown[]> = T extends
  readonly unknown[] | Date | ((...args: never[]) => unknown)
  ? never
  : T extends object
    ? {
        [K in Extract<keyof T, string>]-?:
          K | (More extends [unknown, ...infer Rest] ? `${K}.${PathsOf<NonNullable<T[K]>, Rest>}` : never);
      }[Extract<keyof T, string>]
    : never;

/** What `@Session(path)` takes: a field, or up to four names joined by dots. */
export type SessionPath = keyof SessionFields extends never ? string : PathsOf<SessionFields, [1, 1, 1]>;
