import { webcrypto } from 'node:crypto';
import type { Token } from '../../core/record.js';
import type { Sealer } from '../../core/sealed-sessions.js';
import { type Jose, loadJose } from './load-jose.js';
import { ALGORITHMS, type SealKey, sealKey } from './seal-key.js';

// 12 bytes of nonce, some of text, 16 of tag, each in canonical base64url: no other text opens to the same session.
const REST =
  /^[A-Za-z0-9_-]{16}\.(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?\.[A-Za-z0-9_-]{21}[AQgw]$/;

/** A key as it is used, and the package that uses it. */
interface Ready {
  readonly jose: Jose;
  readonly keys: ReadonlyMap<SealKey, webcrypto.CryptoKey>;
}

/** Seals texts as JSON Web Encryption in its compact form (RFC 7516): `dir` and `A256GCM`, and nothing else is opened. */
export class JweSealer implements Sealer {
  /** The first seals. Not visible to whoever prints a request. */
  readonly #keys: readonly [SealKey, ...SealKey[]];
  #ready: Promise<Ready> | undefined;

  constructor(
    [secret, ...older]: readonly [string, ...string[]],
    cookieName: string,
    private readonly load: () => Promise<Jose> = loadJose,
  ) {
    this.#keys = [sealKey(secret, cookieName), ...older.map((one) => sealKey(one, cookieName))];
  }

  async open(): Promise<void> {
    await this.#prepare();
  }

  /** The header is compared as it stands, so that no other algorithm, compression or parameter comes as far as the parser. */
  isToken(text: string): text is Token {
    const key = this.#keyOf(text);
    return key !== undefined && REST.test(text.slice(key.start.length));
  }

  async seal(text: string): Promise<Token> {
    const { jose, keys } = await this.#prepare();
    const [key] = this.#keys;
    const sealed = await new jose.CompactEncrypt(Buffer.from(text))
      .setProtectedHeader(key.header)
      .encrypt(cryptoKey(keys, key));
    return sealed as Token;
  }

  async unseal(token: Token): Promise<string | undefined> {
    const key = this.#keyOf(token);
    if (key === undefined) {
      return undefined;
    }
    const { jose, keys } = await this.#prepare();
    try {
      const { plaintext } = await jose.compactDecrypt(token, cryptoKey(keys, key), ALGORITHMS);
      return Buffer.from(plaintext).toString();
    } catch (error) {
      if (error instanceof jose.errors.JOSEError) {
        return undefined;
      }
      throw error;
    }
  }

  #keyOf(text: string): SealKey | undefined {
    return this.#keys.find(({ start }) => text.startsWith(start));
  }

  /** Once for all; after a failure the next call tries again. */
  #prepare(): Promise<Ready> {
    this.#ready ??= this.#load().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #load(): Promise<Ready> {
    const jose = await this.load();
    const imported = this.#keys.map(
      async (key) =>
        [
          key,
          await webcrypto.subtle.importKey('raw', key.bytes, 'AES-GCM', false, ['encrypt', 'decrypt']),
        ] as const,
    );
    return { jose, keys: new Map(await Promise.all(imported)) };
  }
}

function cryptoKey(keys: Ready['keys'], key: SealKey): webcrypto.CryptoKey {
  const found = keys.get(key);
  if (found === undefined) {
    throw new Error('A key of the sealer was not prepared.');
  }
  return found;
}
