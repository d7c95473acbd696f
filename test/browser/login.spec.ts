import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasChromium, launchChromium } from '../support/chromium.js';
import { ADA, LoginSample } from '../support/login-sample.js';

const WAIT_MS = 10_000;

describe.skipIf(!hasChromium('sample/01-login in a browser'))('sample/01-login in a browser', () => {
  let sample: LoginSample;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    [sample, browser] = await Promise.all([LoginSample.start(), launchChromium()]);
  });

  afterAll(async () => {
    await Promise.all([browser?.close(), sample?.dispose()]);
  });

  beforeEach(async () => {
    context = await browser.newContext();
    context.setDefaultTimeout(WAIT_MS);
    complaints = [];
    // What the security policy blocks, what a script throws, and what is not there.
    context.on('console', (message) => {
      const isAnswer = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isAnswer) complaints.push(message.text());
    });
    context.on('weberror', (error) => complaints.push(String(error.error())));
    context.on('response', (response) => {
      if (response.status() === 404) complaints.push(`not found: ${response.url()}`);
    });
    page = await context.newPage();
  });

  afterEach(async () => {
    await context.close();
    // oxlint-disable-next-line vitest/no-standalone-expect -- holds for every test
    expect(complaints).toEqual([]);
  });

  async function logIn(credentials: { email: string; password: string } = ADA): Promise<void> {
    await page.goto(sample.url);
    await page.getByLabel('Email').fill(credentials.email);
    await page.getByLabel('Password').fill(credentials.password);
    await page.getByRole('button', { name: 'Log in' }).click();
  }

  async function logOut(from: Page = page): Promise<void> {
    await from.getByRole('button', { name: 'Log out' }).click();
    await from.getByRole('heading', { name: 'Log in' }).waitFor();
  }

  async function attribute(locator: Locator, name: string): Promise<string> {
    return (await locator.getAttribute(name)) ?? '';
  }

  const minutesBetween = (from = Number.NaN, to = Number.NaN) => (to - from) / 60_000;
  const path = (of: Page = page) => new URL(of.url()).pathname;
  const visits = (on: Page = page) => on.getByTestId('visits').innerText();
  const sessionCookies = async () => (await context.cookies()).filter(({ httpOnly }) => httpOnly);

  it('logs in and shows who, since when and until when', async () => {
    await logIn();
    await page.waitForURL('**/admin');

    expect(await page.getByTestId('email').innerText()).toBe(ADA.email);
    const times = await page.locator('time').all();
    const [began, idle, latest] = await Promise.all(
      times.map(async (time) => Date.parse(await attribute(time, 'datetime'))),
    );
    expect(times).toHaveLength(3);
    expect(minutesBetween(Date.now(), began)).toBeCloseTo(0, 0);
    expect(minutesBetween(began, idle)).toBeCloseTo(30, 0);
    expect(minutesBetween(began, latest)).toBe(12 * 60);
  });

  it('logs in with the keyboard alone', async () => {
    await page.goto(sample.url);
    await page.getByLabel('Email').focus();
    await page.keyboard.type(ADA.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(ADA.password);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/admin');
    expect(await page.getByTestId('email').innerText()).toBe(ADA.email);
  });

  it('keeps its token where no script can read it', async () => {
    await logIn();
    await page.waitForURL('**/admin');

    expect(await sessionCookies()).toMatchObject([{ httpOnly: true, sameSite: 'Lax', path: '/' }]);
    expect(await page.evaluate('document.cookie')).toBe('');
  });

  it('answers a wrong password with the form, the email kept and the problem announced', async () => {
    const answer = page.waitForResponse('**/login');
    await logIn({ email: 'ada@example.com', password: 'guess' });

    expect((await answer).status()).toBe(401);
    const password = page.getByLabel('Password');
    await page.getByRole('alert').waitFor();
    expect(await page.getByLabel('Email').inputValue()).toBe('ada@example.com');
    expect(await password.inputValue()).toBe('');
    expect(await page.locator(':focus').getAttribute('name')).toBe('password');
    const description = await password.getAttribute('aria-describedby');
    expect(await page.locator(`#${description}`).innerText()).toBe(await page.getByRole('alert').innerText());
    expect(await context.cookies()).toEqual([]);

    await password.fill(ADA.password);
    await password.press('Enter');
    await page.waitForURL('**/admin');
  });

  it('tells a password manager what its fields are', async () => {
    await page.goto(sample.url);
    expect(await page.getByLabel('Email').getAttribute('autocomplete')).toBe('username');
    expect(await page.getByLabel('Password').getAttribute('autocomplete')).toBe('current-password');
  });

  it('stays logged in over a reload', async () => {
    await logIn();
    await page.waitForURL('**/admin');
    await page.reload();
    expect(path()).toBe('/admin');
    expect(await page.getByTestId('email').innerText()).toBe(ADA.email);
  });

  it('counts the visits of all tabs in one session', async () => {
    await logIn();
    await page.waitForURL('**/admin');
    await page.goto(sample.url);
    expect(await visits()).toBe('1');
    await page.reload();
    expect(await visits()).toBe('2');

    const secondTab = await context.newPage();
    await secondTab.goto(sample.url);
    expect(await visits(secondTab)).toBe('3');
    await page.reload();
    expect(await visits()).toBe('4');
  });

  it('counts two tabs that load at the same time', async () => {
    await logIn();
    await page.waitForURL('**/admin');
    const secondTab = await context.newPage();
    await Promise.all([page.goto(sample.url), secondTab.goto(sample.url)]);
    expect([await visits(), await visits(secondTab)].toSorted()).toEqual(['1', '2']);
  });

  it('stays logged in when the server is killed and started again', async () => {
    await logIn();
    await page.waitForURL('**/admin');
    await page.goto(sample.url);
    const [cookie] = await sessionCookies();

    await sample.end('SIGKILL');
    await sample.launch();

    await page.goto(`${sample.url}/admin`);
    expect(path()).toBe('/admin');
    expect(await page.getByTestId('email').innerText()).toBe(ADA.email);
    await page.goto(sample.url);
    expect(await visits()).toBe('2');
    expect((await sessionCookies())[0]?.value).toBe(cookie?.value);
  });

  it('logs out in the browser and on the server', async () => {
    await logIn();
    await page.waitForURL('**/admin');
    const stolen = await context.cookies();
    await logOut();

    expect(path()).toBe('/');
    expect(await context.cookies()).toEqual([]);
    // Whoever kept the cookie has nothing.
    await context.addCookies(stolen);
    await page.goto(`${sample.url}/admin`);
    expect(path()).toBe('/');
  });

  it('logs out every tab', async () => {
    await logIn();
    await page.waitForURL('**/admin');
    const secondTab = await context.newPage();
    await secondTab.goto(`${sample.url}/admin`);
    expect(path(secondTab)).toBe('/admin');
    await logOut();

    await secondTab.reload();
    expect(path(secondTab)).toBe('/');
  });

  describe('after the logout, the back button', () => {
    beforeEach(async () => {
      // Notes the page that could be seen when the back/forward cache brought it back.
      await page.addInitScript(`addEventListener('pageshow', (event) => {
        if (event.persisted && document.body.checkVisibility()) sessionStorage.setItem('seen', document.title);
      })`);
    });

    async function goBack(): Promise<void> {
      await page.goBack({ waitUntil: 'commit' });
      await page.getByRole('heading', { name: 'Log in' }).waitFor();
    }

    async function whatIsSeen() {
      return {
        path: path(),
        admin: (await page.content()).includes('Your session'),
        meanwhile: await page.evaluate('sessionStorage.getItem("seen")'),
      };
    }
    const NOTHING = { path: '/', admin: false, meanwhile: null };

    it('shows nothing of the admin page that the login led to', async () => {
      await logIn();
      await page.waitForURL('**/admin');
      await logOut();
      await goBack();
      expect(await whatIsSeen()).toEqual(NOTHING);
    });

    it('shows nothing of an admin page that was opened later', async () => {
      await logIn();
      await page.waitForURL('**/admin');
      await page.goto(sample.url);
      await page.getByRole('link', { name: 'Open the admin page' }).click();
      await page.waitForURL('**/admin');
      await logOut();
      await goBack();
      expect(await whatIsSeen()).toEqual(NOTHING);
    });

    it('shows nothing of it when another tab logged out', async () => {
      await logIn();
      await page.waitForURL('**/admin');
      await page.getByRole('link', { name: 'Back to the front page' }).click();
      await page.getByTestId('visits').waitFor();
      const secondTab = await context.newPage();
      await secondTab.goto(sample.url);
      await logOut(secondTab);
      await goBack();
      expect(await whatIsSeen()).toEqual(NOTHING);
    });
  });

  it('sends an anonymous page load of /admin to the front page', async () => {
    const answer = page.waitForResponse('**/admin');
    await page.goto(`${sample.url}/admin`);
    expect((await answer).status()).toBe(303);
    expect(path()).toBe('/');
    await page.getByLabel('Password').waitFor();
  });

  it('leads after the login to the page that was asked for, with its query', async () => {
    await page.goto(`${sample.url}/admin?from=gr%C3%BC%C3%9Fe`);
    expect(await sessionCookies()).toMatchObject([{ sameSite: 'Lax', path: '/' }]);
    expect(await page.evaluate('document.cookie')).toBe('');
    await page.getByLabel('Email').fill(ADA.email);
    await page.getByLabel('Password').fill(ADA.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL(`${sample.url}/admin?from=gr%C3%BC%C3%9Fe`);
    // What remembered the page is gone.
    expect(await sessionCookies()).toHaveLength(1);
  });

  it('answers an anonymous fetch of /admin with 401 and JSON', async () => {
    await page.goto(sample.url);
    const answer = await page.evaluate(`fetch('/admin').then(async (response) => ({
      status: response.status,
      redirected: response.redirected,
      body: await response.json(),
    }))`);
    expect(answer).toMatchObject({ status: 401, redirected: false, body: { statusCode: 401 } });
  });

  it('refuses a login form that another site sends', async () => {
    await page.route('http://elsewhere.test/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${sample.url}/login"><input name="email" value="${ADA.email}">
          <input name="password" value="${ADA.password}"><button>Win a prize</button></form>`,
      }),
    );
    await page.goto('http://elsewhere.test/');
    const answer = page.waitForResponse('**/login');
    await page.getByRole('button').click();
    expect((await answer).status()).toBe(403);
    expect(await context.cookies()).toEqual([]);
  });

  it('fits a narrow phone without scrolling sideways', async () => {
    await page.setViewportSize({ width: 320, height: 640 });
    const overflow = () => page.evaluate('document.documentElement.scrollWidth - innerWidth');
    await page.goto(sample.url);
    expect(await overflow()).toBe(0);
    await logIn();
    await page.waitForURL('**/admin');
    expect(await overflow()).toBe(0);
    await page.goto(sample.url);
    expect(await overflow()).toBe(0);
  });

  it('follows the dark mode of the system', async () => {
    const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(sample.url);
    const light = await background();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await background()).not.toBe(light);
  });
});
