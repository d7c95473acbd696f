import 'express-session';
import 'nest-sessions';

declare module 'nest-sessions' {
  /** The fields that the tests use, beside those of `sample/01-login`; all of them may be missing. */
  interface SessionData {
    user?: string;
    name?: string;
    role?: string;
    theme?: string;
    count?: number;
    cart?: string[];
    profile?: { city: { name: string; zip: number }; tags: string[] };
    /** For what has no business in a session. */
    odd?: unknown;
    more?: unknown;
  }
}

declare module 'express-session' {
  /** What older code declares there is known here as well. */
  interface SessionData {
    legacy?: { since: number };
  }
}
