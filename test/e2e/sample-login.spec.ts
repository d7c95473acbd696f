import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Browser } from '../support/browser.js';
import { ADA, LoginSample } from '../support/login-sample.js';
import type { ChildApp } from '../support/child-app.js';

const WRONG = { ...ADA, password: 'guess' };

describe('sample/01-login over HTTP', () => {
  let sample: LoginSample;

  beforeAll(async () => {
    sample = await LoginSample.start();
  });
  afterAll(() => sample?.dispose());

  const request = (path: string, init: RequestInit = {}) =>
    fetch(sample.url + path, { redirect: 'manual', signal: AbortSignal.timeout(10_000), ...init });
  const sendForm = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    request('/login', { method: 'POST', body: new URLSearchParams(fields), headers });
  const sendJson = (body: unknown) =>
    request('/login', {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });

  /** The cookies of an answer as the browser would send them back. */
  const cookieOf = (response: Response) =>
    response.headers
      .getSetCookie()
      .map((header) => header.split(';')[0])
      .join('; ');

  it.each([
    ['a form', () => sendForm(ADA)],
    ['JSON', () => sendJson(ADA)],
  ])('logs in with %s and leads to the admin page', async (_kind, send) => {
    const answer = await send();
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('/admin');
    expect(answer.headers.get('cache-control')).toContain('no-store');

    const admin = await request('/admin', { headers: { cookie: cookieOf(answer) } });
    expect(admin.status).toBe(200);
    expect(admin.headers.get('cache-control')).toContain('no-store');
    expect(await admin.text()).toContain(ADA.email);
  });

  it('takes the email in capitals and with spaces around it', async () => {
    expect((await sendForm({ ...ADA, email: ' Ada@Example.com ' })).status).toBe(303);
  });

  it('answers a wrong password in a form with the form', async () => {
    const answer = await sendForm(WRONG);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toContain('text/html');
    expect(answer.headers.getSetCookie()).toEqual([]);
    const page = await answer.text();
    expect(page).toContain(`value="${ADA.email}"`);
    expect(page).toContain('role="alert"');
    expect(page).not.toContain(WRONG.password);
  });

  it.each([
    ['JSON', () => sendJson(WRONG)],
    ['a form whose sender takes only JSON', () => sendForm(WRONG, { accept: 'application/json' })],
  ])('answers a wrong password in %s with JSON', async (_kind, send) => {
    const answer = await send();
    expect(answer.status).toBe(401);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await answer.json()).toMatchObject({ statusCode: 401, code: 'wrong_credentials' });
  });

  it('answers an unknown email like a wrong password', async () => {
    const [unknown, wrong] = await Promise.all([
      sendJson({ ...WRONG, email: 'eve@example.com' }),
      sendJson(WRONG),
    ]);
    expect(unknown.status).toBe(401);
    expect(await unknown.json()).toEqual(await wrong.json());
  });

  it('shows what was typed as text, never as HTML', async () => {
    const page = await (await sendForm({ ...WRONG, email: `"><script>alert('x')</script>` })).text();
    expect(page).toContain('value="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"');
    expect(page).not.toContain('<script>');
  });

  it.each([
    ['nothing', undefined],
    ['no password', { email: ADA.email }],
    ['an object for a password', { email: ADA.email, password: { length: 28 } }],
    ['a list', [ADA.email, ADA.password]],
  ])('refuses %s as credentials', async (_what, body) => {
    const answer = await sendJson(body ?? {});
    expect(answer.status).toBe(400);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('sends an anonymous page load of /admin to the front page and tells other clients 401', async () => {
    // Not by fetch, which says of itself that it loads no page.
    const [pageLoad]: IncomingMessage[] = await once(
      get(`${sample.url}/admin`, { headers: { accept: 'text/html' } }),
      'response',
    );
    pageLoad?.resume();
    expect([pageLoad?.statusCode, pageLoad?.headers.location]).toEqual([303, '/']);

    const other = await request('/admin');
    expect(other.status).toBe(401);
    expect(await other.json()).toMatchObject({ statusCode: 401 });
  });

  it('leads after the login to the page that was asked for, with its query, and the next time to the admin page', async () => {
    const browser = new Browser(sample.url);
    expect(await browser.open('/admin?from=mail')).toMatchObject({ status: 200, address: '/' });
    expect(await browser.submit('/login', WRONG)).toMatchObject({ status: 401 });
    expect(await browser.submit('/login', ADA)).toMatchObject({ status: 200, address: '/admin?from=mail' });
    await browser.submit('/logout');
    expect(await browser.submit('/login', ADA)).toMatchObject({ status: 200, address: '/admin' });
  });

  it('logs out on the server, clears the cookie and leads to the front page', async () => {
    const cookie = cookieOf(await sendForm(ADA));
    const answer = await request('/logout', { method: 'POST', headers: { cookie } });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
    expect(answer.headers.getSetCookie().join()).toMatch(/^\w+=;.*(Max-Age=0|Expires=Thu, 01 Jan 1970)/i);
    expect((await request('/admin', { headers: { cookie } })).status).toBe(401);
  });

  it('leads to the front page when nobody is logged in who could log out', async () => {
    const answer = await request('/logout', { method: 'POST' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
  });

  it('gives a new token at each login, and the old one is dead', async () => {
    const first = cookieOf(await sendForm(ADA));
    const answer = await request('/login', {
      method: 'POST',
      body: new URLSearchParams(ADA),
      headers: { cookie: first },
    });
    const second = cookieOf(answer);
    expect(second).not.toBe(first);
    expect((await request('/admin', { headers: { cookie: first } })).status).toBe(401);
    expect((await request('/admin', { headers: { cookie: second } })).status).toBe(200);
  });

  it('counts visits that come at the same time, each once', async () => {
    const cookie = cookieOf(await sendForm(ADA));
    await Promise.all(Array.from({ length: 10 }, () => request('/', { headers: { cookie } })));
    const page = await (await request('/', { headers: { cookie } })).text();
    expect(page).toMatch(/data-testid="visits">11</);
  });

  it('refuses a form that another site sends', async () => {
    const answer = await sendForm(ADA, { origin: 'http://elsewhere.test' });
    expect(answer.status).toBe(403);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('gives people a page and programs JSON when something is not there', async () => {
    const page = await request('/nowhere', { headers: { accept: 'text/html' } });
    expect([page.status, await page.text()]).toEqual([
      404,
      expect.stringContaining('There is no such page.'),
    ]);
    const json = await request('/nowhere');
    expect([json.status, await json.json()]).toEqual([404, expect.objectContaining({ statusCode: 404 })]);
  });
});

describe('starting sample/01-login', () => {
  let dataDir: string;
  let started: ChildApp[];

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'sample-01-login-'));
    started = [];
  });
  afterEach(async () => {
    await Promise.all(started.map((app) => app.stop('SIGKILL')));
    await rm(dataDir, { recursive: true, force: true });
  });

  function start(environment: Record<string, string> = {}): ChildApp {
    const app = LoginSample.run({ PORT: '0', DATA_DIR: dataDir, ...environment });
    started.push(app);
    return app;
  }
  const ready = (app: ChildApp) => app.printedMatch(/Stop with Ctrl\+C/);
  const secretFile = () => join(dataDir, 'session-secret');

  it('prints what to open, whom to log in as and where the secret is', async () => {
    const app = start();
    await ready(app);
    expect(app.output).toMatch(/^ *Open +http:\/\/localhost:\d+$/m);
    expect(app.output).toContain(ADA.email);
    expect(app.output).toContain(ADA.password);
    expect(app.output).toContain(`made once and kept in ${secretFile()}`);
    expect(app.output).not.toContain((await readFile(secretFile(), 'utf8')).trim());
  });

  it('keeps the secret it made, for its owner only', async () => {
    await ready(start());
    const secret = await readFile(secretFile(), 'utf8');
    expect((await stat(secretFile())).mode & 0o777).toBe(0o600);

    const again = start();
    await ready(again);
    expect(again.output).toContain('from an earlier start');
    expect(await readFile(secretFile(), 'utf8')).toBe(secret);
  });

  it('makes one secret when several start at once', async () => {
    const apps = Array.from({ length: 4 }, () => start());
    await Promise.all(apps.map(ready));
    expect(apps.filter((app) => app.output.includes('made once'))).toHaveLength(1);
    expect((await readdir(dataDir)).filter((name) => name.startsWith('session-secret'))).toEqual([
      'session-secret',
    ]);
  });

  it('makes no secret when it is given one', async () => {
    const app = start({ SESSION_SECRET: 'a secret that is long enough, and random: 3f9a0c77d1' });
    await ready(app);
    expect(app.output).toContain('taken from SESSION_SECRET');
    await expect(stat(secretFile())).rejects.toThrow('ENOENT');
  });

  it.each([
    ['SIGTERM', 'SIGTERM'],
    ['Ctrl+C', 'SIGINT'],
  ] as const)('ends on %s', async (_name, signal) => {
    const app = start();
    await ready(app);
    expect(await app.stop(signal, 10_000)).toEqual({ code: null, signal });
    expect(app.output).not.toMatch(/error/i);
  });

  it('does not wait for a connection that a browser only keeps in reserve', async () => {
    const app = start();
    const [, port] = await app.printedMatch(/localhost:(\d+)/);
    const reserve = connect(Number(port), 'localhost').on('error', () => {});
    await once(reserve, 'connect');
    expect(await app.stop('SIGTERM', 10_000)).toEqual({ code: null, signal: 'SIGTERM' });
    reserve.destroy();
  });

  /** What it prints when it cannot start; it has to end by itself. */
  async function refusal(environment: Record<string, string>): Promise<string> {
    const app = start(environment);
    expect(await app.ending()).toEqual({ code: 1, signal: null });
    return app.output.trim();
  }

  it('says so in one line when the port is taken', async () => {
    const other = createServer().listen(0);
    await once(other, 'listening');
    const address = other.address();
    const port = String(typeof address === 'object' && address?.port);
    try {
      expect(await refusal({ PORT: port })).toBe(
        `Port ${port} is taken by another program. Stop it, or choose another one with PORT.`,
      );
    } finally {
      other.close();
    }
  });

  it.each(['http', '-1', '65536', '3000.5'])('says so in one line when PORT is %s', async (port) => {
    expect(await refusal({ PORT: port })).toMatch(new RegExp(`^PORT is '${port}', which is no port\\..+$`));
  });

  it('says so in one line when the data directory is a file', async () => {
    const file = join(dataDir, 'file');
    await writeFile(file, '');
    expect(await refusal({ DATA_DIR: file })).toMatch(
      /^The data directory .+ could not be made\. .*DATA_DIR.+$/,
    );
  });

  it('says so in one line when the kept secret is none', async () => {
    await writeFile(secretFile(), 'short\n');
    expect(await refusal({})).toMatch(/does not hold a session secret\. Delete it, and a new one is made\.$/);
  });

  it('says so in one line when the given secret is weak, and does not print it', async () => {
    const output = await refusal({ SESSION_SECRET: 'hunter2' });
    expect(output).toMatch(/^Session option "secret": .+$/);
    expect(output).not.toContain('hunter2');
  });
});
