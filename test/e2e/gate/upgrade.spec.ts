import { type IncomingMessage, type ServerResponse, ServerResponse as NodeResponse } from 'node:http';
import { createSessionMiddleware, SessionUnavailableException } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { ControlledStore } from '../../support/controlled.store.js';
import { deferred } from '../../support/deferred.js';
import { nodeApp, type SessionApp, type SessionObject } from '../../support/session-app.js';

/** What engine.io gives to middleware in place of a response when a connection is upgraded. */
class WebSocketResponse {
  readonly headers: Record<string, unknown> = {};
  setHeader(name: string, value: unknown): void {
    this.headers[name] = value;
  }
  getHeader(name: string): unknown {
    return this.headers[name];
  }
  removeHeader(name: string): void {
    delete this.headers[name];
  }
  write(): void {}
  writeHead(): void {}
  end(): void {}
}

/** Runs the session middleware on upgrades, as engine.io does, and then this. */
async function upgradable(
  onUpgrade: (session: SessionObject, res: object) => unknown,
  makeResponse: () => object,
): Promise<SessionApp> {
  const app = await nodeApp({});
  app.server.on('upgrade', (req: IncomingMessage, socket) => {
    const res = makeResponse();
    app.session(req, res as ServerResponse, () => {
      void Promise.resolve(onUpgrade((req as unknown as { session: SessionObject }).session, res)).finally(
        () => {
          socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: close\r\n\r\n');
        },
      );
    });
  });
  return app;
}

async function upgrade(app: SessionApp, cookie: string): Promise<string> {
  const raw = await app.raw();
  raw.get('/', 'Connection: Upgrade', 'Upgrade: websocket', `Cookie: ${cookie}`);
  return raw.closed();
}

describe.each([
  ['an empty object', () => ({})],
  ['engine.io’s', () => new WebSocketResponse()],
])('a response that is none: %s', (_name, makeResponse) => {
  it('is left as it is; the session is loaded', async () => {
    const seen = deferred<unknown[]>('the upgrade');
    const app = await upgradable(
      (session, res) => seen.resolve([session['user'], Object.keys(res)]),
      makeResponse,
    );
    const { cookie } = await app.knownClient();
    expect(await upgrade(app, cookie)).toMatch(/^HTTP\/1\.1 101 /);
    expect(await seen.promise).toEqual(['ada', Object.keys(makeResponse())]);
  });

  it('has changes stored by save() only', async () => {
    const app = await upgradable(async (session) => {
      session['saved'] = 1;
      await session.save();
      session['unsaved'] = 1;
    }, makeResponse);
    const { cookie } = await app.knownClient();
    await upgrade(app, cookie);
    expect(app.store.stored).toEqual([{ user: 'ada', saved: 1 }]);
    expect(app.store.count('replace')).toBe(1);
  });

  it('P8 is an anonymous one without a valid cookie', async () => {
    const seen = deferred<unknown>('the upgrade');
    const app = await upgradable((session) => seen.resolve({ ...session, cookie: undefined }), makeResponse);
    await upgrade(app, 'sid=s%3Aforged.forged');
    expect(await seen.promise).toEqual({ cookie: undefined });
    expect(app.store.calls).toEqual([]);
  });

  it('P10 lets the connection through when the store is down; using the session throws', async () => {
    const seen = deferred<unknown>('the upgrade');
    const app = await upgradable((session) => {
      try {
        seen.resolve(session['user']);
      } catch (error) {
        seen.resolve(error);
      }
    }, makeResponse);
    const { cookie } = await app.knownClient();
    app.store.fail('read');
    expect(await upgrade(app, cookie)).toMatch(/^HTTP\/1\.1 101 /);
    expect(await seen.promise).toBeInstanceOf(SessionUnavailableException);
  });
});

describe('a response without a socket', () => {
  it('is gated like any other', async () => {
    const store = new ControlledStore();
    const session = createSessionMiddleware({ secret: '0123456789abcdef0123456789abcdef', store });
    const req = {
      method: 'GET',
      url: '/',
      headers: {},
      socket: {},
      httpVersionMajor: 1,
      httpVersionMinor: 1,
    };
    const res = new NodeResponse(req as unknown as IncomingMessage);
    session(req as unknown as IncomingMessage, res, () => {
      (req as unknown as { session: SessionObject }).session['n'] = 1;
      res.end('hello');
    });
    expect(res.headersSent).toBe(true);
    await expect.poll(() => store.stored).toEqual([{ n: 1 }]);
    await session.close();
  });
});
