import { hkdfSync } from 'node:crypto';

const CONTENT_ENCRYPTION = 'A256GCM';
const KEY_MANAGEMENT = 'dir';

/** What every token says of itself, and what is asked of every token that is opened. */
export const ALGORITHMS = {
  keyManagementAlgorithms: [KEY_MANAGEMENT],
  contentEncryptionAlgorithms: [CONTENT_ENCRYPTION],
};

/** One secret as a key for sealing. */
export interface SealKey {
  /** 256 bits that nothing else is done with. */
  readonly bytes: Uint8Array;
  /** The protected header of its tokens (RFC 7516, 4). */
  readonly header: { readonly alg: string; readonly enc: string; readonly kid: string };
  /** How each of its tokens begins: the header, and no encrypted key. */
  readonly start: string;
}

/**
 * Makes a key of a secret (RFC 5869). The label separates it from whatever else is done with the same secret, such as
 * signing, and from the sessions of another cookie.
 */
export function sealKey(secret: string, cookieName: string): SealKey {
  const kid = Buffer.from(derived(secret, `kid/${cookieName}`, 6)).toString('base64url');
  const header = { alg: KEY_MANAGEMENT, enc: CONTENT_ENCRYPTION, kid };
  return {
    bytes: derived(secret, `key/${cookieName}`, 32),
    header,
    start: `${Buffer.from(JSON.stringify(header)).toString('base64url')}..`,
  };
}

function derived(secret: string, label: string, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `nest-sessions/sealed-cookie/v1/${label}`, length));
}
