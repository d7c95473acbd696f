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

/** What we keep about a session beside its fields. */
export interface SessionMeta {
  readonly cookie?: CookieAttributes;
  readonly device?: DeviceNote;
  /** When the user last proved who they are, in milliseconds since the epoch. */
  readonly authenticatedAt?: number;
}

/** Reads a record's meta text. What cannot be used of it says nothing; the session is valid without it. */
export function parseMeta(text: string): SessionMeta {
  if (text === '{}') {
    return {};
  }
  const { cookie, device, ...others } = parseObject(text);
  return {
    ...others,
    ...(isCookieAttributes(cookie) ? { cookie } : {}),
    ...(isDeviceNote(device) ? { device } : {}),
  };
}

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
