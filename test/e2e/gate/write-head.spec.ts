import { type OutgoingHttpHeader, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen, rawRequest } from '../../support/http-server.js';
import { nodeApp } from '../../support/session-app.js';
import { thrownBy } from '../../support/thrown-by.js';

const REQUEST = 'GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n';

type Respond = (res: ServerResponse) => void;

/** What comes back for a response with sessions that has to be held, byte by byte, but for the date and our own headers. */
async function held(respond: Respond): Promise<string> {
  const app = await nodeApp({
    '/'(req, res) {
      req.session['user'] = 'ada';
      respond(res);
    },
  });
  const received = withoutDate(await rawRequest(app.port, REQUEST));
  expect(received).toMatch(/^set-cookie: sid=/im);
  return received.replace(/^(?:set-cookie: sid=.*|vary: cookie|cache-control: no-store)\r\n/gim, '');
}

/** The same without sessions. */
async function plain(respond: Respond): Promise<string> {
  const server = await listen((_req, res) => respond(res));
  onTestFinished(() => server.close());
  return withoutDate(await rawRequest(server.port, REQUEST));
}

const withoutDate = (text: string) => text.replace(/^date: .*\r\n/im, '');

describe('writeHead', () => {
  const INVALID: [string, (res: ServerResponse) => unknown][] = [
    ['a status below 100', (res) => res.writeHead(99)],
    ['a status above 999', (res) => res.writeHead(1000)],
    ['a status that is none', (res) => res.writeHead('ok' as unknown as number)],
    ['no status', (res) => res.writeHead(undefined as unknown as number)],
    ['a line break in the reason', (res) => res.writeHead(200, 'OK\r\nSet-Cookie: a=b')],
    [
      'a line break in a reason that was set before',
      (res) => {
        res.statusMessage = 'OK\r\nSet-Cookie: a=b';
        return res.writeHead(200);
      },
    ],
    ['a raw list of odd length', (res) => res.writeHead(200, ['a', '1', 'b'])],
    ['a name that is no token', (res) => res.writeHead(200, { 'a b': '1' })],
    ['a name that is no token, in a raw list', (res) => res.writeHead(200, ['a b', '1'])],
    ['a line break in a value', (res) => res.writeHead(200, { a: '1\r\nb: 2' })],
    ['a line break in one of several values', (res) => res.writeHead(200, { a: ['1', '2\n'] })],
    ['an undefined value', (res) => res.writeHead(200, { a: undefined })],
  ];

  it.each(INVALID)('throws for %s what Node throws', async (_what, call) => {
    const thrown: unknown[] = [];
    const respond: Respond = (res) => {
      thrown.push(thrownBy(() => call(res)));
      res.statusMessage = 'As you like';
      res.end();
    };
    await held(respond);
    await plain(respond);
    expect(thrown[1]).toBeDefined();
    expect(thrown[0]).toEqual(thrown[1]);
  });

  it.each(INVALID)('leaves no trace of %s: another answer can still be given', async (_what, call) => {
    const respond: Respond = (res) => {
      thrownBy(() => call(res));
      expect(res.headersSent).toBe(false);
      res.writeHead(418, 'Sorry', { 'Content-Length': 5 });
      res.end('sorry');
    };
    expect(await held(respond)).toBe(await plain(respond));
  });

  it.each<[string, Record<string, string>]>([
    ['name', { 'a b': '1' }],
    ['value', { a: '1\n2' }],
  ])('leaves none of the headers that came before one with an invalid %s', async (_part, invalid) => {
    const respond: Respond = (res) => {
      res.setHeader('X-Kept', 'yes');
      thrownBy(() => res.writeHead(200, { 'Content-Length': 100, 'X-Dropped': '1', ...invalid }));
      res.statusCode = 500;
      res.end('sorry');
    };
    const received = await held(respond);
    expect(received).toMatch(/^HTTP\/1\.1 500 /);
    expect(received).toContain('X-Kept: yes');
    expect(received).not.toContain('X-Dropped');
    expect(received).toMatch(/Content-Length: 5\r\n[^]*sorry$/);
  });

  const VALID: [string, (res: ServerResponse) => unknown][] = [
    ['a status alone', (res) => res.writeHead(201)],
    ['a status without a name', (res) => res.writeHead(299)],
    ['a status as text', (res) => res.writeHead('202' as unknown as number)],
    ['a reason', (res) => res.writeHead(200, 'Fine')],
    ['an empty reason', (res) => res.writeHead(200, '')],
    [
      'a reason that was set before',
      (res) => {
        res.statusMessage = 'Fine';
        return res.writeHead(200);
      },
    ],
    ['headers as an object', (res) => res.writeHead(200, { 'X-One': '1', 'x-two': ['a', 'b'], 'X-3': 3 })],
    ['a reason and headers', (res) => res.writeHead(200, 'Fine', { 'X-One': '1' })],
    [
      'headers in the third place',
      (res) => res.writeHead(200, undefined as unknown as string, { 'X-One': '1' }),
    ],
    [
      'headers in both places',
      (res) => res.writeHead(200, { 'X-One': '1' } as unknown as string, { 'X-Two': '2' }),
    ],
    ['a flat raw list', (res) => res.writeHead(200, ['X-One', '1', 'X-Two', 'a', 'X-Two', 'b'])],
    [
      'a list of pairs',
      (res) =>
        res.writeHead(200, [
          ['X-One', '1'],
          ['x-two', ['a', 'b']],
        ] as unknown as OutgoingHttpHeader[]),
    ],
    ['a Content-Length', (res) => res.writeHead(200, { 'Content-Length': 5 })],
    ['no headers, as null', (res) => res.writeHead(200, null as unknown as OutgoingHttpHeaders)],
  ];

  it.each(VALID)('sends what Node sends for %s', async (_what, call) => {
    const respond: Respond = (res) => {
      expect(call(res)).toBe(res);
      res.end('hello');
    };
    expect(await held(respond)).toBe(await plain(respond));
  });

  it('replaces headers that were set before', async () => {
    const respond: Respond = (res) => {
      res.setHeader('X-One', 'before');
      res.setHeader('X-Two', 'kept');
      res.writeHead(200, { 'x-one': 'now' }).end('hello');
    };
    expect(await held(respond)).toBe(await plain(respond));
  });

  it('counts as sent: headers cannot follow, nor a second head', async () => {
    const thrown: unknown[] = [];
    const seen: unknown[] = [];
    const respond: Respond = (res) => {
      seen.push(res.headersSent);
      res.writeHead(200);
      seen.push(res.headersSent, res.writableEnded);
      thrown.push([
        thrownBy(() => res.writeHead(200)),
        thrownBy(() => res.setHeader('a', '1')),
        thrownBy(() => res.setHeaders(new Map([['a', '1']]))),
        thrownBy(() => res.appendHeader('a', '1')),
        thrownBy(() => res.removeHeader('a')),
      ]);
      res.end();
    };
    await held(respond);
    await plain(respond);
    expect(seen).toEqual([false, true, false, false, true, false]);
    expect(thrown[0]).toEqual(thrown[1]);
    expect(thrown[0]).not.toContain(undefined);
  });
});

describe('Set-Cookie beside the handler’s own', () => {
  const ways: [string, (res: ServerResponse) => void][] = [
    ['setHeader', (res) => res.setHeader('Set-Cookie', ['a=1', 'b=2'])],
    ['an object', (res) => res.writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'] })],
    ['a flat raw list', (res) => res.writeHead(200, ['Set-Cookie', 'a=1', 'set-cookie', 'b=2'])],
    [
      'a list of pairs',
      (res) =>
        res.writeHead(200, [
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
        ] as unknown as OutgoingHttpHeader[]),
    ],
  ];

  it.each(ways)('keeps both when the handler gave its own with %s', async (_way, set) => {
    const app = await nodeApp({
      '/'(req, res) {
        req.session['user'] = 'ada';
        set(res);
        res.end('hello');
      },
    });
    const client = app.client();
    const response = await client.fetch('/');
    expect(response.headers.getSetCookie().slice(0, 2)).toEqual(['a=1', 'b=2']);
    expect([...client.cookies.keys()]).toEqual(['a', 'b', 'sid']);
  });

  it('appends Vary to the handler’s own, and keeps a stricter Cache-Control', async () => {
    const app = await nodeApp({
      '/'(req, res) {
        req.session['user'] = 'ada';
        res.writeHead(200, { Vary: 'Accept', 'Cache-Control': 'private, max-age=5' }).end();
      },
    });
    const { headers } = await app.client().fetch('/');
    expect(headers.get('vary')).toBe('Accept, Cookie');
    expect(headers.get('cache-control')).toBe('private, max-age=5');
  });
});

describe('a head that was left to Node', () => {
  const responses: [string, (res: ServerResponse) => void][] = [
    ['end', (res) => void res.end('hello')],
    ['end without a body', (res) => void res.end()],
    ['end with an encoding', (res) => void res.end('aGVsbG8=', 'base64')],
    [
      'write and end',
      (res) => {
        res.write('hel');
        res.end('lo');
      },
    ],
    [
      'flushHeaders',
      (res) => {
        res.flushHeaders();
        res.end('hello');
      },
    ],
    [
      'a status',
      (res) => {
        res.statusCode = 404;
        res.end('hello');
      },
    ],
    [
      'trailers',
      (res) => {
        res.setHeader('Trailer', 'X-Sum');
        res.write('hello');
        res.addTrailers({ 'X-Sum': '5' });
        res.end();
      },
    ],
  ];

  it.each(responses)('is the one that Node makes, after %s', async (_what, respond) => {
    expect(await held(respond)).toBe(await plain(respond));
  });

  it('throws for an invalid status at the call, as Node does', async () => {
    const thrown: unknown[] = [];
    const respond: Respond = (res) => {
      for (const call of ['write', 'end', 'flushHeaders'] as const) {
        res.statusCode = 1000;
        thrown.push(thrownBy(() => res[call]('x')));
        res.statusCode = 200;
        res.statusMessage = 'a\nb';
        thrown.push(thrownBy(() => res[call]('x')));
        res.statusMessage = 'Fine';
      }
      res.end('hello');
    };
    expect(await held(respond)).toBe(await plain(respond));
    expect(thrown).toHaveLength(12);
    expect(thrown).not.toContain(undefined);
    expect(thrown.slice(0, 6)).toEqual(thrown.slice(6));
  });
});
