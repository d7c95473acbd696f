import type { SessionFields } from '../session-fields.js';

/** Metadata of a route or controller that says who may use it. */
export const ACCESS = 'nest-sessions:access';

/** Metadata of a route or controller that says how recently its user must have proved who they are, in milliseconds. */
export const RECENT_LOGIN = 'nest-sessions:recent-login';

/** Values that fields must have: equal, or one of a list. */
export type FieldValues = keyof SessionFields extends never
  ? Readonly<Record<string, unknown>>
  : { readonly [Name in keyof SessionFields]?: SessionFields[Name] | readonly SessionFields[Name][] };

/** Judges by the fields. */
export type FieldPredicate = (fields: Readonly<Partial<SessionFields>>) => boolean | Promise<boolean>;

/** One thing that `@RequireSession()` can ask for. */
export type Requirement = string | FieldValues | FieldPredicate;

/** What the decorators leave for the guard. */
export type Access =
  { readonly isPublic: true } | { readonly isPublic: false; readonly requirements: readonly Requirement[] };
