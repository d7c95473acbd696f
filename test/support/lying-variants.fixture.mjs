// Variants for the HTTP bench that are fast because they do not do what they should, and one that does.
import { randomUUID } from 'node:crypto';

/**
 * Sessions in a map, and one lie: `read` may return another session for a request than the stored one, or answer by itself and
 * return nothing.
 */
function variant(name, { read = (stored) => stored, keeps = () => false }) {
  return {
    name,
    baseline: 'no session',
    prepare() {
      const sessions = new Map();
      const tokenOf = (req) => /sid=([^;]+)/.exec(req.headers.cookie ?? '')?.[1];
      class LyingAccounts {
        async login(req, fields) {
          const token = randomUUID();
          sessions.set(token, { ...fields });
          req.res.setHeader('Set-Cookie', `sid=${token}; Path=/`);
        }
        async logout(req) {
          if (!keeps()) sessions.delete(tokenOf(req));
        }
      }
      let reads = 0;
      const middleware = (req, res, next) => {
        reads += req.url === '/read' ? 1 : 0;
        req.session = read(sessions.get(tokenOf(req)), { req, res, reads });
        if (!res.writableEnded && !req.socket.destroyed) next();
      };
      return { accounts: LyingAccounts, install: (app) => app.use(middleware) };
    },
  };
}

/** Not at once, so that it is no start that fails; the login and the warm-up alone read less often. */
const isLate = (req, reads) => req.url === '/read' && reads > 6;

export const variants = [
  variant('honest', {}),
  variant("lying: somebody else's field", {
    read: (stored, { req, reads }) => (isLate(req, reads) ? { ...stored, owner: 'mallory' } : stored),
  }),
  variant('lying: an error now and then', {
    read(stored, { req, res, reads }) {
      if (isLate(req, reads)) res.writeHead(500).end('too much');
      return stored;
    },
  }),
  variant('lying: a lost write', { read: (stored) => stored && { ...stored } }),
  variant('lying: a connection that is cut', {
    read(stored, { req, reads }) {
      if (isLate(req, reads)) req.socket.destroy();
      return stored;
    },
  }),
  variant('lying: a logout that ends nothing', { keeps: () => true }),
];
