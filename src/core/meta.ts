import type { SessionId, Version } from './record.js';

/** The cookie attributes that a session chose for itself, in express-session's words. */
export interface CookieAttributes {
  /** Milliseconds a persistent cookie lasts after each activity; null for one that ends with the browser. */
  readonly originalMaxAge: number | null;
  readonly secure?: boolean;
  readonly httpOnly?: boolean;
  readonly domain?: string;
  readonly path?: string;
  readonly sameSite?: boolean | 'lax' | 'strict' | 'none';
  readonly partitioned?: boolean;
  readonly priority?: 'low' | 'medium' | 'high';
}

/** What the application chose to note about where a session is used. It is what the client said, and proves nothing. */
export interface DeviceNote {
  readonly userAgent?: string;
  readonly ip?: string;
  readonly label?: string;
}

/** What is known of a token that took the place of another one. Times are milliseconds since the epoch. */
export interface TokenNote {
  /** When it was drawn. */
  readonly since: number;
  /** When a client first came with it; from then on those that it took the place of have only a short time left. */
  readonly seenAt?: number;
  /** The record that was left as a forward when it was drawn. */
  readonly former?: { readonly id: SessionId; readonly version: Version };
}

/** What we keep about a session beside its fields. */
export interface SessionMeta {
  readonly cookie?: CookieAttributes;
  readonly device?: DeviceNote;
  /** When the user last proved who they are, in milliseconds since the epoch. */
  readonly authenticatedAt?: number;
  /** That the fields told who is logged in when it began, by `auth.principal`; they still do. */
  readonly fromFields?: true;
  /** Fields that fall away by themselves, and when, in milliseconds since the epoch. */
  readonly elevated?: Readonly<Record<string, number>>;
  /** Absent while the session has its first token. */
  readonly token?: TokenNote;
}

/** What a request did to meta: parts that are undefined go. */
export type MetaChange = { readonly [Part in keyof SessionMeta]?: SessionMeta[Part] | undefined };

/** The meta of a session of which there is nothing to say. */
export const NO_META = '{}';

/** Reads a record's meta text. What cannot be used of it says nothing; the session is valid without it. */
export function parseMeta(text: string): SessionMeta {
  if (text === NO_META) {
    return {};
  }
  const { cookie, device, authenticatedAt, fromFields, elevated, token, ...others } = parseObject(text);
  return {
    ...others,
    ...(isCookieAttributes(cookie) ? { cookie } : {}),
    ...(isDeviceNote(device) ? { device } : {}),
    ...(typeof authenticatedAt === 'number' ? { authenticatedAt } : {}),
    ...(fromFields === true ? { fromFields } : {}),
    ...(isTimes(elevated) ? { elevated } : {}),
    ...(isTokenNote(token) ? { token } : {}),
  };
}

/** A meta text after a change; what was not named stays, whoever wrote it. */
export function changeMeta(text: string, change: MetaChange | undefined): string {
  return change === undefined ? text : JSON.stringify({ ...parseMeta(text), ...change });
}

/** What a meta text tells of the session's token; undefined while that is its first one. */
export function tokenNoteOf(meta: string): TokenNote | undefined {
  // Most sessions have their first one, and their meta needs no parsing.
  return meta.includes('"token"') ? parseMeta(meta).token : undefined;
}

/** The fields that have fallen away by a time. */
export function fallenFields(meta: string, now: number): readonly string[] {
  // Most sessions have none, and their meta needs no parsing.
  return meta.includes('"elevated"')
    ? Object.entries(parseMeta(meta).elevated ?? {}).flatMap(([name, until]) => (now < until ? [] : [name]))
    : NONE;
}

/** A meta text without what has fallen away. */
export function withoutFallen(text: string, now: number): string {
  const fallen = fallenFields(text, now);
  if (fallen.length === 0) {
    return text;
  }
  const standing = Object.entries(parseMeta(text).elevated ?? {}).filter(([name]) => !fallen.includes(name));
  return changeMeta(text, { elevated: standing.length === 0 ? undefined : Object.fromEntries(standing) });
}

const NONE: readonly string[] = [];

function parseObject(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

const KINDS: Record<string, (value: unknown) => boolean> = {
  originalMaxAge: (value) => value === null || (typeof value === 'number' && Number.isFinite(value)),
  secure: isBoolean,
  httpOnly: isBoolean,
  partitioned: isBoolean,
  domain: isAttributeText,
  path: isAttributeText,
  sameSite: (value) => isBoolean(value) || value === 'lax' || value === 'strict' || value === 'none',
  priority: (value) => value === 'low' || value === 'medium' || value === 'high',
};

function isCookieAttributes(value: unknown): value is CookieAttributes {
  return (
    typeof value === 'object' &&
    value !== null &&
    'originalMaxAge' in value &&
    Object.entries(value).every(([name, part]) => KINDS[name]?.(part) === true)
  );
}

/** The attributes of a cookie that somebody else stored, without what cannot be used of them. */
export function usableAttributes(cookie: Readonly<Record<string, unknown>>): CookieAttributes {
  const usable = Object.entries(cookie).filter(([name, part]) => KINDS[name]?.(part) === true);
  return { originalMaxAge: null, ...Object.fromEntries(usable) };
}

function isDeviceNote(value: unknown): value is DeviceNote {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((part) => typeof part === 'string')
  );
}

function isTimes(value: unknown): value is Readonly<Record<string, number>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((time) => typeof time === 'number')
  );
}

function isTokenNote(value: unknown): value is TokenNote {
  const { since, seenAt, former }: { since?: unknown; seenAt?: unknown; former?: unknown } = Object(value);
  const { id, version }: { id?: unknown; version?: unknown } = Object(former);
  return (
    typeof since === 'number' &&
    (seenAt === undefined || typeof seenAt === 'number') &&
    (former === undefined || (typeof id === 'string' && typeof version === 'number'))
  );
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean';
}

/** What can stand in a cookie's attribute (RFC 6265, 4.1.1). */
function isAttributeText(value: unknown): boolean {
  return typeof value === 'string' && /^[\x20-\x3a\x3c-\x7e]*$/.test(value);
}

/** Writes meta as text. */
export function formatMeta(meta: SessionMeta): string {
  return JSON.stringify(meta);
}
