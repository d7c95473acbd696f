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

/** What we keep about a session beside its fields. */
export interface SessionMeta {
  readonly cookie?: CookieAttributes;
  /** When the user last proved who they are, in milliseconds since the epoch. */
  readonly authenticatedAt?: number;
}

/** Reads a record's meta text. One that cannot be read says nothing; the session is valid without it. */
export function parseMeta(text: string): SessionMeta {
  if (text === '{}') {
    return {};
  }
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

/** Writes meta as text. */
export function formatMeta(meta: SessionMeta): string {
  return JSON.stringify(meta);
}
