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

/**
 * What the application chose to note about where a session is used. It is what the client said, and proves nothing.
 *
 * @publicApi
 */
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

/** What a request did to meta: parts that are undefined go, and what is elevated comes on top of what was. */
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
    ...(typeof elevated === 'object' && elevated !== null ? { elevated: timesOf(elevated) } : {}),
    ...(isTokenNote(token) ? { token } : {}),
  };
}

/** A meta text after a change; what was not named stays, whoever wrote it. */
export function changeMeta(text: string, change: MetaChange | undefined): string {
  if (change === undefined) {
    return text;
  }
  const before = parseMeta(text);
  const { elevated } = change;
  return formatMeta({
    ...before,
    ...change,
    ...(elevated && { elevated: { ...before.elevated, ...elevated } }),
  });
}

/** The attributes that a session's cookie has for itself; undefined where it has those of the options. */
export function cookieOf(meta: string): CookieAttributes | undefined {
  // Most sessions have none, and their meta needs no parsing.
  return meta.includes('"cookie"') ? parseMeta(meta).cookie : undefined;
}

/** What a meta text tells of the session's token; undefined while that is its first one. */
export function tokenNoteOf(meta: string): TokenNote | undefined {
  // Most sessions have their first one, and their meta needs no parsing.
  return meta.includes('"token"') ? parseMeta(meta).token : undefined;
}

/** Whether a meta text may tell of elevated fields. Most sessions have none, and their meta needs no parsing. */
export function mayElevate(meta: string): boolean {
  return meta.includes('"elevated"');
}

/** The fields that have fallen away by a time. */
export function fallenFields(meta: string, now: number): readonly string[] {
  const elevated = mayElevate(meta) ? parseMeta(meta).elevated : undefined;
  return elevated === undefined
    ? NONE
    : Object.keys(elevated).filter((name) => !isElevated(elevated, name, now));
}

/** Whether a field is elevated, and its time is not up. */
export function isElevated(elevated: SessionMeta['elevated'], name: string, now: number): boolean {
  const until = elevated !== undefined && Object.hasOwn(elevated, name) ? elevated[name] : undefined;
  return until !== undefined && now < until;
}

/** A meta text without what has fallen away by a time, or is none of the fields that are left: such a name is free again. */
export function withoutFallen(text: string, now: number, fields: ReadonlyMap<string, unknown>): string {
  const { elevated, ...others } = mayElevate(text) ? parseMeta(text) : NO_PARTS;
  if (elevated === undefined) {
    return text;
  }
  const standing = Object.entries(elevated).filter(
    ([name]) => fields.has(name) && isElevated(elevated, name, now),
  );
  return formatMeta({
    ...others,
    ...(standing.length === 0 ? {} : { elevated: Object.fromEntries(standing) }),
  });
}

const NONE: readonly string[] = [];
const NO_PARTS: SessionMeta = {};

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

/** A time that cannot be used is one that is up: what was elevated must not last. */
function timesOf(value: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(value).map(([name, time]: [string, unknown]) => [
      name,
      typeof time === 'number' ? time : 0,
    ]),
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

/**
 * Writes meta as text; parts that are undefined are left out. The order is always the same, so that a change of nothing changes no
 * text, and nothing is written for it.
 */
export function formatMeta(meta: MetaChange): string {
  const { cookie, device, authenticatedAt, fromFields, elevated, token, ...others } = meta;
  return JSON.stringify({ ...others, cookie, device, authenticatedAt, fromFields, elevated, token });
}
