import { describe, expect, it } from 'vitest';
import { nodeApp, type NodeHandler } from '../../support/session-app.js';

const INFORMATION: [string, NodeHandler, RegExp][] = [
  ['writeContinue', (_req, res) => res.writeContinue(), /HTTP\/1\.1 100 Continue\r\n\r\n$/],
  ['writeProcessing', (_req, res) => res.writeProcessing(), /HTTP\/1\.1 102 Processing\r\n\r\n$/],
  [
    'writeEarlyHints',
    (_req, res) => res.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' }),
    /HTTP\/1\.1 103 Early Hints\r\nLink: <\/style\.css>; rel=preload; as=style\r\n\r\n$/,
  ],
];

describe('informational responses', () => {
  it.each(INFORMATION)('%s is not held, before or while the response is', async (_name, inform, pattern) => {
    const app = await nodeApp({
      '/'(req, res) {
        void inform(req, res);
        expect(res.headersSent).toBe(false);
        req.session['n'] = 1;
        res.write('a');
        void inform(req, res);
        res.end('b');
      },
    });
    const hold = app.store.holdNext('create');
    const raw = await app.raw();
    raw.get('/');
    await hold.reached;
    await raw.receives(new RegExp(pattern.source.repeat(2).replace('\\r\\n\\r\\n$', '\\r\\n\\r\\n')));
    await app.client().read('/begin');
    expect(raw.received).not.toContain('HTTP/1.1 200');
    hold.release();
    await raw.receives(/HTTP\/1\.1 200 OK\r\n[^]*1\r\na\r\n1\r\nb\r\n0\r\n\r\n$/);
  });

  it('a client that expects 100 Continue gets it at once', async () => {
    const app = await nodeApp({
      async '/'(req, res) {
        req.session['n'] = 1;
        let length = 0;
        for await (const chunk of req) {
          length += String(chunk).length;
        }
        res.end(`${length} bytes`);
      },
    });
    const hold = app.store.holdNext('create');
    const raw = await app.raw();
    raw.send('POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    await raw.receives(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    raw.send('hello');
    await hold.reached;
    await app.client().read('/begin');
    expect(raw.received).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    hold.release();
    await raw.receives(/HTTP\/1\.1 200 OK\r\n[^]*5 bytes$/);
  });

  it('a response that does not want the content is held like any other', async () => {
    const app = await nodeApp({
      '/'(req, res) {
        req.session['n'] = 1;
        res.writeHead(417, { Connection: 'close' }).end();
      },
    });
    app.server.on('checkContinue', (req, res) => app.server.emit('request', req, res));
    const raw = await app.raw();
    raw.send('POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    expect(await raw.closed()).toMatch(/^HTTP\/1\.1 417 [^]*set-cookie: sid=/i);
  });
});
