import { inspect } from 'node:util';
import { MemorySessionStore } from 'nest-sessions';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { expressApp, LogRecorder } from '../support/session-app.js';

const SECRET = '0123456789abcdef0123456789abcdef';

describe('the signing secret', () => {
  it('is not in a request that somebody prints, however deep', async () => {
    let printed = '';
    const { knownClient } = await expressApp({
      '/': (req, res) => {
        printed = inspect(req, { depth: 12, showHidden: true, maxStringLength: null });
        res.end();
      },
    });
    await (await knownClient()).read('/');
    expect(printed.length).toBeGreaterThan(1_000);
    expect(printed).not.toContain(SECRET);
  });
});

describe('the memory store in production', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each([
    ['production', 1],
    ['development', 0],
  ])('in %s is mentioned in the log %i times', async (environment, times) => {
    vi.stubEnv('NODE_ENV', environment);
    const logger = new LogRecorder();
    const { createSessionMiddleware } = await import('nest-sessions');
    const session = createSessionMiddleware({ secret: SECRET, store: new MemorySessionStore(), logger });
    await session.close();
    expect(logger.warnings.filter(({ message }) => /memory of this process/.test(message))).toHaveLength(
      times,
    );
  });
});

describe('a request target in absolute form', () => {
  it('has the session of its path (RFC 9112, 3.2.2)', async () => {
    const app = await expressApp(
      { '/me': (req, res) => res.send(String(req.session['user'])) },
      { routes: { include: ['/begin', '/me'] } },
    );
    const client = await app.knownClient();
    const raw = await app.raw();
    raw.send(`GET http://test/me HTTP/1.1\r\nHost: test\r\nCookie: ${client.cookie}\r\n\r\n`);
    expect((await raw.receives(/\r\n\r\n(\w+)$/))[1]).toBe('ada');
  });
});
