import type { IncomingMessage } from 'node:http';

/**
 * Whether a request came over TLS. Of a proxy's word only as much is believed as the application says: `proxy: true`
 * believes `X-Forwarded-Proto`, `false` does not, and left out the framework's own setting decides.
 */
export function isSecureRequest(req: IncomingMessage, proxy: boolean | undefined): boolean {
  if ('encrypted' in req.socket && req.socket.encrypted === true) {
    return true;
  }
  if (proxy === undefined) {
    return 'secure' in req && req.secure === true;
  }
  if (!proxy) {
    return false;
  }
  const header = req.headers['x-forwarded-proto'];
  const first = (Array.isArray(header) ? header[0] : header)?.split(',')[0];
  return first?.trim().toLowerCase() === 'https';
}
