// The published types declare `req.session` for all of Express, as express-session's do, and the two contradict each other.
declare module 'cookie-session' {
  import type { RequestHandler } from 'express';

  interface CookieSessionOptions {
    name: string;
    secret: string;
    path: string;
    httpOnly: boolean;
    sameSite: 'lax';
    secure: boolean;
  }
  export default function cookieSession(options: CookieSessionOptions): RequestHandler;
}
