import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Browser, type ShownPage } from '../support/browser.js';
import { DevicesSample } from '../support/devices-sample.js';
import { ADA } from '../support/login-sample.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1';
const DAY_MS = 24 * 60 * 60_000;

describe('sample/03-devices over HTTP', () => {
  let sample: DevicesSample;

  beforeAll(async () => {
    sample = await DevicesSample.start();
  });
  afterAll(() => sample?.dispose());

  const opened: Browser[] = [];
  afterEach(async () => {
    // The next test begins with nobody logged in.
    for (const browser of opened.splice(0)) await browser.submit('/logout');
  });

  function newBrowser(userAgent?: string): Browser {
    const browser = new Browser(sample.url, userAgent);
    opened.push(browser);
    return browser;
  }

  async function loggedIn(userAgent?: string, fields: Record<string, string> = {}): Promise<Browser> {
    const browser = newBrowser(userAgent);
    expect(await browser.submit('/login', { ...ADA, ...fields })).toMatchObject({ address: '/devices' });
    return browser;
  }

  /** The list as the page shows it: each device's name and the form that ends it, which the current one does not have. */
  const devicesOn = ({ text }: ShownPage) =>
    [...text.matchAll(/<li data-testid="device">([^]*?)<\/li>/g)].map(([, item = '']) => ({
      name: /<h2[^>]*>([^<]*)</.exec(item)?.[1],
      end: /action="(\/devices\/[\w-]+\/end)"/.exec(item)?.[1],
      isThis: item.includes('This device'),
      times: [...item.matchAll(/datetime="([^"]+)"/g)].map(([, time = '']) => Date.parse(time)),
    }));
  const handleIn = (path: string) => path.split('/')[2] ?? '';
  const messagesOn = ({ text }: ShownPage) =>
    [...text.matchAll(/<p class="message (\w+)" role="(\w+)">([^<]*)</g)].map(([, type, role, message]) => ({
      type,
      role,
      message,
    }));
  const keyOn = ({ text }: ShownPage) => /data-testid="key">([^<]+)</.exec(text)?.[1];
  const info = (message: string) => ({
    type: 'info',
    role: 'status',
    message: expect.stringContaining(message) as string,
  });
  const problem = (message: string) => ({
    type: 'error',
    role: 'alert',
    message: expect.stringContaining(message) as string,
  });

  it('lists where somebody is logged in, this device first, each with its times', async () => {
    await loggedIn(FIREFOX, { remember: 'on' });
    const page = await (await loggedIn(IPHONE)).open('/devices');
    const [phone, computer, ...others] = devicesOn(page);
    expect(phone).toMatchObject({ name: 'Safari on iPhone', isThis: true, end: undefined });
    expect(computer).toMatchObject({ name: 'Firefox on Linux', isThis: false });
    expect(others).toEqual([]);

    const [loggedInAt = 0, seenAt = 0, endsAt = 0] = phone?.times ?? [];
    expect(seenAt).toBeGreaterThanOrEqual(loggedInAt);
    expect(endsAt - seenAt).toBe(30 * 60_000);
    const [, rememberedAt = 0, remembersUntil = 0] = computer?.times ?? [];
    expect(remembersUntil - rememberedAt).toBe(30 * DAY_MS);
  });

  it('keeps the cookie of who asks to be kept logged in, and only theirs', async () => {
    const cookieAfter = async (fields: Record<string, string>) => {
      const answer = await fetch(`${sample.url}/login`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ ...ADA, ...fields }),
      });
      return answer.headers.getSetCookie().find((line) => line.startsWith('sid='));
    };
    expect(await cookieAfter({ remember: 'on' })).toMatch(/; (Expires|Max-Age)=/);
    expect(await cookieAfter({})).not.toMatch(/; (Expires|Max-Age)=/);
    await (await loggedIn()).submit('/devices/end-all');
  });

  it('logs out another device, which is out at its next click', async () => {
    const other = await loggedIn(FIREFOX);
    const browser = await loggedIn(IPHONE);
    const [, { end = '' } = {}] = devicesOn(await browser.open('/devices'));

    const page = await browser.submit(end);
    expect(devicesOn(page).map(({ name }) => name)).toEqual(['Safari on iPhone']);
    expect(messagesOn(page)).toEqual([info('That device is logged out.')]);
    expect(await other.open('/devices')).toMatchObject({ status: 200, address: '/login' });
    await sample.toldEnded(handleIn(end), 'revoked');

    const again = await browser.submit(end);
    expect(messagesOn(again)).toEqual([problem('was logged out already')]);
    expect(again.address).toBe('/devices');
  });

  it('shows whoever was logged out and sends a form the login page, which leads on', async () => {
    const other = await loggedIn(FIREFOX);
    const browser = await loggedIn();
    await browser.submit('/devices/end-others');

    const page = await other.submit('/devices/end-others');
    expect(page.status).toBe(401);
    expect(messagesOn(page)).toEqual([problem('You were logged out in the meantime.')]);
    expect(await browser.open('/devices')).toMatchObject({ address: '/devices' });
    expect(await other.submit('/login', ADA)).toMatchObject({ status: 200, address: '/devices' });
  });

  it('ends nothing by a handle that none of the user has', async () => {
    const other = await loggedIn();
    const browser = await loggedIn();
    for (const handle of ['AAAAAAAAAAAAAAAA', '%00', '..%2f..', 'x'.repeat(2000)]) {
      const page = await browser.submit(`/devices/${handle}/end`);
      expect([page.status, messagesOn(page)]).toEqual([200, [problem('was logged out already')]]);
    }
    expect(await other.open('/devices')).toMatchObject({ address: '/devices' });
  });

  it('allows three devices: the fourth login ends the oldest', async () => {
    const oldest = await loggedIn(FIREFOX);
    const others = [await loggedIn(IPHONE), await loggedIn(IPHONE)] as const;
    expect(devicesOn(await oldest.open('/devices'))).toHaveLength(3);
    const listed = devicesOn(await others[0].open('/devices'));
    const { end = '' } = listed.find(({ name }) => name === 'Firefox on Linux') ?? {};

    const latest = await loggedIn(IPHONE);
    expect(await oldest.open('/devices')).toMatchObject({ address: '/login' });
    await sample.toldEnded(handleIn(end), 'evicted');
    for (const browser of [...others, latest]) {
      expect(devicesOn(await browser.open('/devices')).map(({ name }) => name)).toEqual(
        Array.from({ length: 3 }, () => 'Safari on iPhone'),
      );
    }
  });

  it('logs out all other devices', async () => {
    const others = [await loggedIn(), await loggedIn()];
    const browser = await loggedIn(FIREFOX);
    const page = await browser.submit('/devices/end-others');
    expect(messagesOn(page)).toEqual([info('2 devices are logged out.')]);
    expect(devicesOn(page)).toMatchObject([{ name: 'Firefox on Linux', isThis: true }]);
    // With nothing left that it could end, the button is gone.
    expect(page.text).not.toContain('end-others');
    for (const other of others) expect(await other.open('/devices')).toMatchObject({ address: '/login' });
  });

  it('logs out everywhere, here too', async () => {
    const other = await loggedIn();
    const browser = await loggedIn();
    const page = await browser.submit('/devices/end-all');
    expect(page.address).toBe('/login');
    expect(messagesOn(page)).toEqual([info('2 devices are logged out, this one included.')]);
    for (const one of [browser, other])
      expect(await one.open('/devices')).toMatchObject({ address: '/login' });
  });

  it('keeps nothing of a logout where nobody was logged in', async () => {
    const answer = await fetch(`${sample.url}/logout`, { method: 'POST', redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login']);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('shows each message once', async () => {
    const browser = newBrowser();
    const first = await browser.submit('/login', ADA);
    expect(messagesOn(first)).toEqual([info('You are logged in.')]);
    expect(messagesOn(await browser.open('/devices'))).toEqual([]);

    const last = await browser.submit('/logout');
    expect(last.address).toBe('/login');
    expect(messagesOn(last)).toEqual([info('You are logged out.')]);
    expect(messagesOn(await browser.open('/login'))).toEqual([]);
  });

  describe('the API key', () => {
    it('is shown to who has just logged in', async () => {
      expect(keyOn(await (await loggedIn()).open('/api-key'))).toMatch(/^key_[\w-]{32}$/);
    });

    it('asks for the password again later, and leads back to where they were', async () => {
      const browser = await loggedIn();
      const key = keyOn(await browser.open('/api-key'));
      await sample.letSixMinutesPass();

      const asked = await browser.open('/api-key?from=mail');
      expect([asked.status, asked.address, keyOn(asked)]).toEqual([200, '/confirm', undefined]);
      const wrong = await browser.submit('/confirm', { password: 'guess' });
      expect([wrong.status, wrong.text.includes('This is not your password.')]).toEqual([401, true]);
      expect(await browser.open('/api-key?from=mail')).toMatchObject({ address: '/confirm' });

      const right = await browser.submit('/confirm', { password: ADA.password });
      expect([right.address, keyOn(right)]).toEqual(['/api-key?from=mail', key]);
      expect(messagesOn(right)).toEqual([info('Thank you.')]);
      expect(keyOn(await browser.open('/api-key'))).toBe(key);
      // The session is the same one: it is still listed once.
      expect(devicesOn(await browser.open('/devices'))).toHaveLength(1);
    });

    it('opens nothing on the other devices by a password that was given on one', async () => {
      const other = await loggedIn();
      const browser = await loggedIn();
      await sample.letSixMinutesPass();
      await browser.submit('/confirm', { password: ADA.password });
      expect(await browser.open('/api-key')).toMatchObject({ address: '/api-key' });
      expect(await other.open('/api-key')).toMatchObject({ address: '/confirm' });
    });

    it('is replaced, and the old one shown nowhere', async () => {
      const browser = await loggedIn();
      const before = keyOn(await browser.open('/api-key'));
      const page = await browser.submit('/api-key/replace');
      expect(messagesOn(page)).toEqual([info('This is your new key.')]);
      expect(keyOn(page)).toMatch(/^key_/);
      expect(page.text).not.toContain(before);
    });

    it('is not replaced by a form that was sent too late, which leads to the password and back', async () => {
      const browser = await loggedIn();
      const before = keyOn(await browser.open('/api-key'));
      await sample.letSixMinutesPass();

      const asked = await browser.submit('/api-key/replace');
      expect(asked.address).toBe('/confirm');
      expect(messagesOn(asked)).toEqual([problem('Nothing has changed yet')]);
      const page = await browser.submit('/confirm', { password: ADA.password });
      expect([page.address, keyOn(page)]).toEqual(['/api-key', before]);
    });

    it('sends who is not logged in to the login, and then there', async () => {
      const browser = newBrowser();
      expect(await browser.open('/api-key')).toMatchObject({ address: '/login' });
      expect(await browser.submit('/confirm', { password: ADA.password })).toMatchObject({ status: 401 });
      expect(keyOn(await browser.submit('/login', ADA))).toMatch(/^key_/);
    });
  });

  it('refuses what is no text as a password', async () => {
    const browser = await loggedIn();
    expect(await browser.submit('/confirm')).toMatchObject({ status: 400 });
    expect(await browser.submit('/confirm', { 'password[]': ADA.password })).toMatchObject({ status: 400 });
  });

  it('shows what a browser says of itself as text, never as HTML, and only the beginning', async () => {
    const page = await (
      await loggedIn(`"><script>alert('x')</script>${'long '.repeat(400)}`)
    ).open('/devices');
    expect(page.text).toContain('<code>&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;long ');
    expect(page.text).not.toContain('<script>');
    expect(page.text.match(/long /g)?.length).toBeLessThan(60);
    expect(devicesOn(page)).toMatchObject([{ name: 'Unknown browser' }]);
  });

  it('shows a mistyped email as text, with the box as it was', async () => {
    const browser = newBrowser();
    const fields = { email: '"><b>', password: 'x', remember: 'on' };
    const page = await browser.submit('/login', fields);
    expect(page.status).toBe(401);
    expect(page.text).toContain('value="&quot;&gt;&lt;b&gt;"');
    expect(page.text).toMatch(/type="checkbox" checked/);
    expect(await browser.submit('/login', { ...fields, remember: '' })).toMatchObject({
      text: expect.not.stringContaining('checked') as string,
    });
  });

  it('does nothing by a link, or by a form of another site', async () => {
    const other = await loggedIn();
    const browser = await loggedIn();
    const key = keyOn(await browser.open('/api-key'));
    const [, { end = '' } = {}] = devicesOn(await browser.open('/devices'));
    for (const path of [end, '/devices/end-others', '/devices/end-all', '/logout', '/api-key/replace']) {
      expect(await browser.open(path)).toMatchObject({ status: 404 });
      const answer = await fetch(sample.url + path, {
        method: 'POST',
        headers: { cookie: browser.cookiesFor('/').join('; '), origin: 'http://elsewhere.test' },
      });
      expect(answer.status).toBe(403);
    }
    for (const one of [browser, other]) expect(devicesOn(await one.open('/devices'))).toHaveLength(2);
    expect(keyOn(await browser.open('/api-key'))).toBe(key);
  });

  it('tells programs 401 and 403 as JSON', async () => {
    const browser = await loggedIn();
    await sample.letSixMinutesPass();
    const cookie = browser.cookiesFor('/').join('; ');
    const ask = async (path: string, headers: Record<string, string>) => {
      const answer = await fetch(sample.url + path, { method: 'POST', redirect: 'manual', headers });
      return [answer.status, await answer.json()];
    };
    expect(await ask('/devices/end-all', {})).toEqual([
      401,
      expect.objectContaining({ code: 'session_required' }),
    ]);
    expect(await ask('/api-key/replace', { cookie })).toEqual([
      403,
      expect.objectContaining({ code: 'session_recent_login_required' }),
    ]);
  });
});
