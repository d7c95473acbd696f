import type { RequestHandler, Response } from 'express';
import { describe, expect, it } from 'vitest';
import {
  type ExpressHandler,
  expressApp,
  type SessionApp,
  type SessionObject,
} from '../../support/session-app.js';

/** Calls a listener before the head goes out, in the manner of the package on-headers. */
function onHead(res: Response, listener: () => void): void {
  const { writeHead } = res;
  let isFirst = true;
  const listening = function (this: Response, ...args: unknown[]): unknown {
    if (isFirst) {
      isFirst = false;
      listener();
    }
    return Reflect.apply(writeHead, this, args);
  };
  Object.assign(res, { writeHead: listening });
}

/** An application with a layer above the sessions that is told of the head, at `/`. */
function layeredApp(
  handler: ExpressHandler,
  listener: (session: SessionObject, res: Response) => void,
): Promise<SessionApp> {
  const layer: RequestHandler = (req, res, next) => {
    if (req.path === '/') {
      onHead(res, () => listener(req.session as unknown as SessionObject, res));
    }
    next();
  };
  return expressApp({ '/': handler }, { setUp: (app) => app.use(layer) });
}

describe('a layer above that waits for the head', () => {
  it.each([
    ['write', (res: Response) => res.write('a')],
    ['flushHeaders', (res: Response) => res.flushHeaders()],
    ['writeHead', (res: Response) => res.writeHead(200)],
  ])(
    'P3 hears of it at the first %s, once, as from Node, and may change the session',
    async (_name, call) => {
      const heard: string[] = [];
      const app = await layeredApp(
        (req, res) => {
          req.session['n'] = 1;
          call(res);
          heard.push('called');
          req.session['n'] = 2;
          res.end('b');
        },
        (session, res) => {
          heard.push('head');
          res.setHeader('X-Layer', '1');
          session['seen'] = true;
        },
      );
      const client = await app.knownClient();
      const response = await client.fetch('/');
      expect(await response.text()).toMatch(/^a?b$/);
      expect(response.headers.get('x-layer')).toBe('1');
      expect(heard).toEqual(['head', 'called']);
      expect(app.store.stored).toEqual([{ user: 'ada', seen: true, n: 2 }]);
    },
  );

  it('does not cost a short response its Content-Length', async () => {
    const app = await layeredApp(
      (req, res) => {
        req.session['n'] = 1;
        res.end('hello');
      },
      (_session, res) => res.setHeader('X-Layer', '1'),
    );
    const { headers } = await app.client().fetch('/');
    expect([headers.get('content-length'), headers.get('x-layer')]).toEqual(['5', '1']);
  });

  it('P4 gets an error to the client when it throws after the handler has ended, and not half a response', async () => {
    const app = await layeredApp(
      (req, res) => {
        req.session['n'] = 1;
        res.end('hello');
      },
      (session) => {
        session['seen'] = true;
      },
    );
    const client = app.client();
    expect(await client.read('/')).toEqual({ status: 500, text: 'Internal Server Error' });
    await app.log.says(/after the response had ended/);
    // The session itself is stored, and its cookie not lost.
    expect(app.store.stored).toEqual([{ n: 1 }]);
    expect(client.cookie).toMatch(/^sid=s%3A/);
  });
});
