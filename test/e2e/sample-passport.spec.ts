import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from '../support/browser.js';
import { ADA } from '../support/login-sample.js';
import { PassportSample } from '../support/passport-sample.js';

const WRONG = { ...ADA, password: 'guess' };

describe('sample/04-passport over HTTP', () => {
  let sample: PassportSample;

  beforeAll(async () => {
    sample = await PassportSample.start();
  });
  afterAll(() => sample?.dispose());

  const request = (path: string, init: RequestInit = {}) =>
    fetch(sample.url + path, { redirect: 'manual', signal: AbortSignal.timeout(10_000), ...init });
  const browser = () => new Browser(sample.url);
  const opened: Browser[] = [];
  async function loggedIn(): Promise<Browser> {
    const one = browser();
    opened.push(one);
    expect(await one.submit('/login', ADA)).toMatchObject({ status: 200, address: '/sessions' });
    return one;
  }
  /** How many sessions a page lists, and the handles of those that can be ended from there. */
  const countOf = ({ text }: { text: string }) => text.split('data-testid="session"').length - 1;
  const handlesOf = ({ text }: { text: string }) =>
    [...text.matchAll(/action="\/sessions\/([^/"]+)\/end"/g)].map(([, handle]) => handle);
  const isOut = async (one: Browser) => (await one.open('/sessions')).address === '/';

  // What a test left is not the next one's.
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.submit('/logout')));
  });

  it('prints what to open and whom to log in as', () => {
    expect(sample.output).toContain(ADA.email);
    expect(sample.output).toContain(ADA.password);
  });

  it('logs in by Passport and shows who is, and this session', async () => {
    const page = await (await loggedIn()).open('/');
    expect(page).toMatchObject({ status: 200, address: '/sessions' });
    expect(page.text).toContain(ADA.email);
    expect(page.text).toContain('This browser');
    expect([countOf(page), handlesOf(page)]).toEqual([1, []]);
  });

  it('answers a wrong password with the form, and sets no cookie', async () => {
    const one = browser();
    const page = await one.submit('/login', WRONG);
    expect(page.status).toBe(401);
    expect(page.text).toContain('role="alert"');
    expect(page.text).toContain(`value="${ADA.email}"`);
    expect(one.cookiesFor('/')).toEqual([]);
  });

  it.each([
    ['nothing', {}, 401],
    ['no password', { email: ADA.email }, 401],
    ['an object for a password', { email: ADA.email, password: { length: 28 } }, 401],
    ['a number for a password', { email: ADA.email, password: 28 }, 400],
  ])('refuses %s as credentials', async (_what, body, status) => {
    const answer = await request('/login', {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.status, answer.headers.getSetCookie()]).toEqual([status, []]);
  });

  it('P9 gives a new token at each login', async () => {
    const one = await loggedIn();
    const before = one.copy();
    await one.submit('/login', ADA);
    expect(one.cookiesFor('/')).not.toEqual(before.cookiesFor('/'));
    expect([await isOut(before), await isOut(one)]).toEqual([true, false]);
  });

  it('P1 ends one session from another browser, and only that', async () => {
    const [here, there, third] = [await loggedIn(), await loggedIn(), await loggedIn()];
    const [, handle = ''] = handlesOf(await here.open('/sessions'));
    const page = await here.submit(`/sessions/${handle}/end`);
    expect([page.address, countOf(page)]).toEqual(['/sessions', 2]);
    expect(await Promise.all([here, there, third].map(isOut))).toEqual([false, true, false]);
    // Once more, and one that never was: nothing happens.
    expect(countOf(await here.submit(`/sessions/${handle}/end`))).toBe(2);
    expect(countOf(await here.submit('/sessions/nobody/end'))).toBe(2);
  });

  it('P1 ends all other sessions at once', async () => {
    const [one, two, here] = [await loggedIn(), await loggedIn(), await loggedIn()];
    expect(countOf(await here.submit('/sessions/others/end-all'))).toBe(1);
    expect(await Promise.all([one, two, here].map(isOut))).toEqual([true, true, false]);
  });

  it('P1 logs out by Passport, for a copy of the cookie too', async () => {
    const [one, other] = [await loggedIn(), await loggedIn()];
    const copy = one.copy();
    expect(await one.submit('/logout')).toMatchObject({ status: 200, address: '/' });
    expect(one.cookiesFor('/')).toEqual([]);
    expect([await isOut(one), await isOut(copy)]).toEqual([true, true]);
    expect(countOf(await other.open('/sessions'))).toBe(1);
  });

  it('ends the oldest session for a fourth', async () => {
    const browsers = [await loggedIn(), await loggedIn(), await loggedIn(), await loggedIn()];
    expect(await Promise.all(browsers.map(isOut))).toEqual([true, false, false, false]);
  });

  it('leads after the login to the page that was asked for', async () => {
    const one = browser();
    opened.push(one);
    expect(await one.open('/sessions?from=mail')).toMatchObject({ address: '/' });
    expect(await one.submit('/login', ADA)).toMatchObject({ address: '/sessions?from=mail' });
  });

  it('tells other clients 401, and refuses forms of other sites', async () => {
    expect((await request('/sessions')).status).toBe(401);
    expect((await request('/sessions/x/end', { method: 'POST' })).status).toBe(401);
    const forged = await request('/login', {
      method: 'POST',
      body: new URLSearchParams(ADA),
      headers: { origin: 'http://elsewhere.test' },
    });
    expect([forged.status, forged.headers.getSetCookie()]).toEqual([403, []]);
  });

  it('shows what a browser says of itself as text', async () => {
    const answer = await request('/login', {
      method: 'POST',
      body: new URLSearchParams(ADA),
      headers: { 'user-agent': '<script>Firefox/1</script> (Linux)' },
    });
    const cookie = answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const page = await (await request('/sessions', { headers: { cookie } })).text();
    expect(page).toContain('Firefox on Linux');
    expect(page).not.toContain('<script>Firefox');
    await request('/logout', { method: 'POST', headers: { cookie } });
  });

  it('knows everybody again after it was killed and started anew', async () => {
    const [one, two] = [await loggedIn(), await loggedIn()];
    await sample.end('SIGKILL');
    await sample.launch();
    expect(countOf(await one.open('/sessions'))).toBe(2);
    await one.submit('/logout');
    expect([await isOut(one), await isOut(two)]).toEqual([true, false]);
  });
});
