import { createHash } from 'node:crypto';
import { sign } from 'cookie-signature';
import type { SessionId, Token } from 'nest-sessions';
import type { CookieClient } from './http-server.js';

/** The token in a client's cookie. */
export function tokenOf(client: CookieClient, name = 'sid'): Token {
  const value = decodeURIComponent(client.cookies.get(name) ?? '');
  const token = /^s:([\w-]{43})\./.exec(value)?.[1];
  if (token === undefined) {
    throw new Error(`The client has no session cookie: ${value}`);
  }
  return token as Token;
}

/** What the store knows the session of a token by. */
export function idOf(token: string): SessionId {
  return createHash('sha256').update(token).digest('base64url') as SessionId;
}

/** The value of a cookie as the application would sign it. */
export function signed(token: string, secret: string): string {
  return encodeURIComponent(`s:${sign(token, secret)}`);
}
