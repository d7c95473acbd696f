import type { SessionMiddlewareOptions } from 'nest-sessions';
import { describe, expect, it } from 'vitest';
import { expressApp, type SessionApp } from '../../support/session-app.js';
import { domainOf, sealOf, WatchedSeal } from './watched-seal.js';

interface SizedApp extends SessionApp {
  readonly seal: WatchedSeal;
  /** Errors that the handler of `/save` caught. */
  readonly caught: unknown[];
}

async function sized(options: Partial<SessionMiddlewareOptions> = {}): Promise<SizedApp> {
  const seal = new WatchedSeal();
  const caught: unknown[] = [];
  const app = await expressApp(
    {
      '/fill': (req, res) => {
        req.session['text'] = 'x'.repeat(Number(req.query['length']));
        res.send('filled');
      },
      '/save': async (req, res) => {
        req.session['text'] = 'x'.repeat(Number(req.query['length']));
        await req.session.save().catch((error: unknown) => caught.push(error));
        delete req.session['text'];
        res.send('saved');
      },
      '/choose': (req, res) => {
        Object.assign(req.session['cookie'] as object, { domain: String(req.query['domain']) });
        res.send('chosen');
      },
      '/show': (req, res) => res.json({ ...req.session, cookie: undefined }),
    },
    { store: seal, ...options },
  );
  return { ...app, seal, caught };
}

/** The Set-Cookie header of an answer. */
const headerOf = (answer: Response): string => answer.headers.getSetCookie()[0] ?? '';

const ADA = '{"user":"ada"}';

describe('a cookie of 4096 bytes', () => {
  /** How long the header is with a domain of so many characters. */
  async function withDomain(domainLength: number): Promise<[number, string]> {
    const app = await sized({ cookie: { domain: domainOf(domainLength) } });
    const answer = await app.client().fetch('/fill?length=2500');
    return [answer.status, headerOf(answer)];
  }

  it('is the largest, its name and attributes counted to the byte', async () => {
    const [, { length: withOne }] = await withDomain(1);
    expect(withOne).toBeLessThan(4_096);
    const fits = 1 + 4_096 - withOne;
    const [status, header] = await withDomain(fits);
    expect([status, Buffer.byteLength(header)]).toEqual([200, 4_096]);
    expect(await withDomain(fits + 1)).toEqual([500, '']);
  });

  it('leaves room for some 2 700 bytes of fields', async () => {
    const app = await sized();
    const client = app.client();
    let most = 0;
    for (let length = 2_600; (await client.fetch(`/fill?length=${length}`)).status === 200; length += 20) {
      most = length;
    }
    expect(most).toBeGreaterThanOrEqual(2_700);
    expect((await client.read('/show')).text).toHaveLength(most + '{"text":""}'.length);
  });

  it('counts bytes, not characters', async () => {
    const app = await expressApp(
      {
        '/': (req, res) => {
          req.session['text'] = '\u{1F36A}'.repeat(900);
          res.end();
        },
      },
      { store: new WatchedSeal() },
    );
    expect((await app.client().fetch('/')).status).toBe(500);
  });
});

describe('a session that does not fit into its cookie', () => {
  it.each([3_000, 100_000])('is a 500 that says why; the old cookie stays valid (%i)', async (length) => {
    const app = await sized();
    const client = await app.knownClient();
    const before = sealOf(client);
    const answer = await client.fetch(`/fill?length=${length}`);
    expect([answer.status, headerOf(answer)]).toEqual([500, '']);
    expect(sealOf(client)).toBe(before);
    expect((await client.read('/show')).text).toBe(ADA);
    await app.log.says(
      /session's cookie would take \d+ bytes with its name and attributes, more than the 4096/,
    );
  });

  it('is not even sealed when it is far too large', async () => {
    const app = await sized();
    await app.client().fetch('/fill?length=100000');
    expect(app.seal.calls).toEqual([]);
  });

  it('rejects save(), and what is done then counts', async () => {
    const app = await sized();
    const client = await app.knownClient();
    expect((await client.read('/save?length=3000')).text).toBe('saved');
    expect(app.caught).toMatchObject([{ code: 'session_too_large' }]);
    expect((await client.read('/show')).text).toBe(ADA);
  });

  it('may be so by the attributes that it chose itself', async () => {
    const app = await sized();
    const client = await app.knownClient();
    expect((await client.fetch(`/choose?domain=${domainOf(4_000)}`)).status).toBe(500);
    expect((await client.fetch('/choose?domain=short.test')).status).toBe(200);
  });

  it('may be so by the attributes that its request has', async () => {
    const app = await sized({
      cookie: (req) => (req.url?.includes('length=2500') ? { domain: domainOf(1_000) } : {}),
    });
    const client = app.client();
    expect((await client.fetch('/fill?length=2500')).status).toBe(500);
    expect((await client.fetch('/fill?length=2501')).status).toBe(200);
  });

  it('may be so by maxBytes, which is about the fields alone', async () => {
    const app = await sized({ maxBytes: 100 });
    const client = await app.knownClient();
    expect((await client.fetch('/fill?length=100')).status).toBe(500);
    await app.log.says(/more than maxBytes \(100\)/);
    expect((await client.fetch('/fill?length=50')).status).toBe(200);
  });
});
