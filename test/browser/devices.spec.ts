import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasChromium, launchChromium } from '../support/chromium.js';
import { DevicesSample } from '../support/devices-sample.js';
import { ADA } from '../support/login-sample.js';

const WAIT_MS = 10_000;
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0';

const isThere = hasChromium('sample/03-devices in a browser');

describe.skipIf(!isThere)('sample/03-devices in a browser', { timeout: 60_000 }, () => {
  let sample: DevicesSample;
  let browser: Browser;
  let contexts: BrowserContext[];
  let complaints: string[];
  /** Of two browsers that share nothing. */
  let first: Page;
  let second: Page;

  beforeAll(async () => {
    [sample, browser] = await Promise.all([DevicesSample.start(), launchChromium()]);
  });

  afterAll(async () => {
    await Promise.all([browser?.close(), sample?.dispose()]);
  });

  beforeEach(async () => {
    contexts = [];
    complaints = [];
    first = await openBrowser();
    second = await openBrowser(FIREFOX);
  });

  afterEach(async () => {
    for (const context of contexts) {
      // The next test begins with nobody logged in.
      await context.request.post(`${sample.url}/logout`);
      await context.close();
    }
    // oxlint-disable-next-line vitest/no-standalone-expect -- holds for every test
    expect(complaints).toEqual([]);
  });

  async function openBrowser(userAgent?: string): Promise<Page> {
    const context = await browser.newContext(userAgent === undefined ? {} : { userAgent });
    contexts.push(context);
    context.setDefaultTimeout(WAIT_MS);
    // What the security policy blocks, what a script throws, and what is not there.
    context.on('console', (message) => {
      const isAnswer = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isAnswer) complaints.push(message.text());
    });
    context.on('weberror', (error) => complaints.push(String(error.error())));
    context.on('response', (response) => {
      if (response.status() === 404) complaints.push(`not found: ${response.url()}`);
    });
    return context.newPage();
  }

  async function logIn(page: Page, { remember = false } = {}): Promise<void> {
    await page.goto(sample.url);
    await page.getByLabel('Email').fill(ADA.email);
    await page.getByLabel('Password').fill(ADA.password);
    if (remember) await page.getByLabel('Keep me logged in').check();
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL('**/devices');
  }

  async function givePassword(page: Page, password: string): Promise<void> {
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Go on' }).click();
  }

  const path = (page: Page) => new URL(page.url()).pathname;
  const device = (page: Page, name: string) => page.getByTestId('device').filter({ hasText: name });
  const names = (page: Page) => page.getByTestId('device').getByRole('heading').allInnerTexts();
  const message = (page: Page) => page.locator('.message').allInnerTexts();
  const isAtLogin = (page: Page) => page.getByRole('heading', { name: 'Log in' }).waitFor();

  it('lists two browsers; one logs out the other, which is out at its next click', async () => {
    await logIn(first);
    await logIn(second, { remember: true });
    expect(await names(second)).toEqual(['Firefox on Windows', 'Chrome on Linux']);
    await first.reload();
    expect(await names(first)).toEqual(['Chrome on Linux', 'Firefox on Windows']);
    expect(await device(first, 'Chrome on Linux').innerText()).toContain('This device');
    expect(await device(first, 'Firefox on Windows').innerText()).toContain('in 30 days');

    const button = device(first, 'Firefox on Windows').getByRole('button', { name: 'Log out' });
    // What a screen reader says of it, since there may be several.
    expect(await button.getAttribute('aria-describedby')).toBe(
      await device(first, 'Firefox on Windows').getByRole('heading').getAttribute('id'),
    );
    await button.click();
    await first.getByRole('status').waitFor();
    expect(await message(first)).toEqual(['That device is logged out. It notices at its next click.']);
    expect(await names(first)).toEqual(['Chrome on Linux']);

    // The page it had open is still there; what it opens next is not.
    expect(path(second)).toBe('/devices');
    await second.getByRole('link', { name: 'API key' }).click();
    await isAtLogin(second);
    expect(path(second)).toBe('/login');
  });

  it('shows a message once', async () => {
    await logIn(first);
    expect(await message(first)).toEqual(['You are logged in.']);
    await first.reload();
    expect(await message(first)).toEqual([]);
  });

  it('ends the oldest login with the fourth', async () => {
    const [third, fourth] = [await openBrowser(), await openBrowser()];
    for (const page of [second, first, third, fourth]) await logIn(page);
    expect(await names(fourth)).toEqual(['Chrome on Linux', 'Chrome on Linux', 'Chrome on Linux']);
    for (const page of [first, third]) {
      await page.reload();
      expect(path(page)).toBe('/devices');
    }
    await second.reload();
    await isAtLogin(second);
  });

  it('logs out the others, who learn of it when they send a form', async () => {
    await logIn(first);
    await logIn(second);
    await first.getByRole('link', { name: 'Devices' }).click();
    await first.getByRole('button', { name: 'Log out my other devices' }).click();
    await first.getByRole('status').waitFor();
    expect(await names(first)).toEqual(['Chrome on Linux']);

    await second.getByRole('button', { name: 'Log out everywhere' }).click();
    await isAtLogin(second);
    expect(await message(second)).toEqual(['You were logged out in the meantime. Log in again.']);
    await first.reload();
    expect(path(first)).toBe('/devices');
  });

  it('logs out everywhere', async () => {
    await logIn(first);
    await logIn(second);
    await second.getByRole('button', { name: 'Log out everywhere' }).click();
    await isAtLogin(second);
    expect(await message(second)).toEqual(['2 devices are logged out, this one included.']);
    await first.reload();
    await isAtLogin(first);
  });

  it('asks for the password again before it shows the API key, and not in the other browser', async () => {
    await logIn(first);
    await logIn(second);
    await sample.letSixMinutesPass();

    await first.getByRole('link', { name: 'API key' }).click();
    await first.getByRole('heading', { name: 'Is it still you?' }).waitFor();
    expect(await first.locator(':focus').getAttribute('name')).toBe('password');
    await givePassword(first, 'guess');
    await first.getByRole('alert').waitFor();
    await givePassword(first, ADA.password);
    await first.getByRole('heading', { name: 'Your API key' }).waitFor();
    expect(await message(first)).toEqual(['Thank you. You will not be asked again for five minutes.']);
    const key = await first.getByTestId('key').innerText();

    await first.getByRole('button', { name: 'Replace it' }).click();
    await first.getByText('This is your new key.').waitFor();
    expect(await first.getByTestId('key').innerText()).not.toBe(key);

    await second.getByRole('link', { name: 'API key' }).click();
    await second.getByRole('heading', { name: 'Is it still you?' }).waitFor();
  });

  describe('after the logout, the back button', () => {
    beforeEach(async () => {
      // Notes the page that could be seen when the back/forward cache brought it back.
      await first.addInitScript(`addEventListener('pageshow', (event) => {
        if (event.persisted && document.body.checkVisibility()) sessionStorage.setItem('seen', document.title);
      })`);
      await logIn(first);
    });

    async function logOutAndGoBack(): Promise<void> {
      await first.getByRole('navigation').getByRole('button', { name: 'Log out' }).click();
      await isAtLogin(first);
      await goBack();
    }
    async function goBack(): Promise<void> {
      await first.goBack({ waitUntil: 'commit' });
      await isAtLogin(first);
    }
    const seenMeanwhile = () => first.evaluate('sessionStorage.getItem("seen")');

    it('shows nothing of the devices', async () => {
      await logOutAndGoBack();
      expect(path(first)).toBe('/login');
      expect(await first.content()).not.toContain('Your devices');
      expect(await seenMeanwhile()).toBeNull();
    });

    it('shows nothing of them in a browser that was logged out from another one', async () => {
      await logIn(second);
      await second.getByRole('button', { name: 'Log out my other devices' }).click();
      await second.getByRole('status').waitFor();
      await first.getByRole('link', { name: 'API key' }).click();
      await isAtLogin(first);
      await goBack();
      expect(await first.content()).not.toContain('Your devices');
      expect(await seenMeanwhile()).toBeNull();
    });

    it('shows nothing of the API key', async () => {
      await first.getByRole('link', { name: 'API key' }).click();
      const key = await first.getByTestId('key').innerText();
      await logOutAndGoBack();
      expect(path(first)).toBe('/login');
      expect(await first.content()).not.toContain(key);
      expect(await seenMeanwhile()).toBeNull();
    });
  });

  it('stays logged in when the browser is closed, for who asked for that', async () => {
    const cookieOf = async (page: Page) =>
      (await page.context().cookies()).find(({ name }) => name === 'sid')?.expires ?? 0;
    await logIn(first, { remember: true });
    await logIn(second);
    expect(await cookieOf(first)).toBeGreaterThan(Date.now() / 1000);
    // No date: it ends with the browser.
    expect(await cookieOf(second)).toBe(-1);
  });

  it('shows a long name that a browser gives itself as text, and fits a narrow phone', async () => {
    const phone = await openBrowser(`<script>document.title = 'taken'</script>${'x'.repeat(400)}`);
    await phone.setViewportSize({ width: 320, height: 640 });
    const overflow = () => phone.evaluate('document.documentElement.scrollWidth - innerWidth');
    await phone.goto(sample.url);
    expect(await overflow()).toBe(0);
    await logIn(phone);
    await phone.getByText('In its own words').click();
    expect(await phone.locator('details code').innerText()).toMatch(/^<script>document/);
    expect(await phone.title()).toMatch(/^Your devices/);
    expect(await overflow()).toBe(0);
    await phone.goto(`${sample.url}/api-key`);
    expect(await overflow()).toBe(0);
    await phone.goto(`${sample.url}/confirm`);
    expect(await overflow()).toBe(0);
  });
});
