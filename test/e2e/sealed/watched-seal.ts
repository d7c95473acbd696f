import { createDecipheriv, createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { type Sealer, SealedSessions } from 'nest-sessions';
import { SealedCookieStore } from 'nest-sessions/cookie';
import { deferred } from '../../support/deferred.js';
import type { CookieClient } from '../../support/http-server.js';

/** Sessions sealed in their cookie, with a count of what that costs. */
export class WatchedSeal extends SealedSessions {
  readonly calls: ('seal' | 'unseal')[] = [];
  #held: (() => Promise<void>) | undefined;

  /** Keeps the next sealing from being done until it is released. */
  holdNext(): { readonly reached: Promise<void>; release(): void } {
    const reached = deferred<void>('a sealing');
    const gate = deferred<void>('a release');
    this.#held = () => {
      reached.resolve();
      return gate.promise;
    };
    return { reached: reached.promise, release: () => gate.resolve() };
  }

  sealer(secrets: readonly [string, ...string[]], name: string): Sealer {
    const sealer = new SealedCookieStore().sealer(secrets, name);
    return {
      open: () => sealer.open(),
      isToken: (text): text is Parameters<Sealer['unseal']>[0] => sealer.isToken(text),
      seal: async (text) => {
        this.calls.push('seal');
        const held = this.#held;
        this.#held = undefined;
        await held?.();
        return sealer.seal(text);
      },
      unseal: (token) => {
        this.calls.push('unseal');
        return sealer.unseal(token);
      },
    };
  }
}

/** A domain of so many characters, all of which `cookie` takes. */
export function domainOf(length: number): string {
  return Array.from({ length }, (_, i) => (i % 10 === 9 && i < length - 1 ? '.' : 'd')).join('');
}

/** The value of a client's session cookie. */
export function sealOf(client: CookieClient, name = 'sid'): string {
  const value = client.cookies.get(name);
  if (value === undefined) {
    throw new Error('The client has no session cookie.');
  }
  return value;
}

/** The key that a secret gives, by the documented recipe and without the package that is used for it. */
export function keyOf(secret: string, name = 'sid', what = 'key', length = 32): Buffer {
  const label = `nest-sessions/sealed-cookie/v1/${what}/${name}`;
  return Buffer.from(hkdfSync('sha256', secret, '', label, length));
}

/** The header that tokens of a secret have. */
export function headerOf(secret: string, name = 'sid'): Record<string, string> {
  return { alg: 'dir', enc: 'A256GCM', kid: keyOf(secret, name, 'kid', 6).toString('base64url') };
}

/** What is in a token, opened by RFC 7516 with Node's own cryptography. */
export function openedSeal(token: string, secret: string, name = 'sid'): string {
  const [header = '', , iv = '', content = '', tag = ''] = token.split('.');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(secret, name), Buffer.from(iv, 'base64url'));
  decipher.setAAD(Buffer.from(header)).setAuthTag(Buffer.from(tag, 'base64url'));
  return Buffer.concat([decipher.update(Buffer.from(content, 'base64url')), decipher.final()]).toString();
}

/** A token made by RFC 7516 with Node's own cryptography: what somebody could make who has the key. */
export function madeSeal(text: string | Buffer, header: object, key: Buffer): string {
  const protectedHeader = Buffer.from(JSON.stringify(header)).toString('base64url');
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(protectedHeader));
  const content = Buffer.concat([cipher.update(text), cipher.final()]);
  const parts = [iv, content, cipher.getAuthTag()].map((part) => part.toString('base64url'));
  return [protectedHeader, '', ...parts].join('.');
}
