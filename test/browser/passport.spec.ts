import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasChromium, launchChromium } from '../support/chromium.js';
import { ADA } from '../support/login-sample.js';
import { PassportSample } from '../support/passport-sample.js';

const WAIT_MS = 10_000;

describe.skipIf(!hasChromium('sample/04-passport in a browser'))('sample/04-passport in a browser', () => {
  let sample: PassportSample;
  let browser: Browser;
  let contexts: BrowserContext[];
  let complaints: string[];

  beforeAll(async () => {
    [sample, browser] = await Promise.all([PassportSample.start(), launchChromium()]);
  });

  afterAll(async () => {
    await Promise.all([browser?.close(), sample?.dispose()]);
  });

  beforeEach(() => {
    contexts = [];
    complaints = [];
  });

  afterEach(async () => {
    await Promise.all(contexts.map((context) => context.request.post(`${sample.url}/logout`)));
    await Promise.all(contexts.map((context) => context.close()));
    // oxlint-disable-next-line vitest/no-standalone-expect -- holds for every test
    expect(complaints).toEqual([]);
  });

  /** A page of a browser of its own, cookies and all. */
  async function device(width = 1_000): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 800 } });
    context.setDefaultTimeout(WAIT_MS);
    context.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    context.on('weberror', (error) => complaints.push(String(error.error())));
    contexts.push(context);
    return context.newPage();
  }

  async function logIn(page: Page): Promise<Page> {
    await page.goto(sample.url);
    await page.getByLabel('Email').fill(ADA.email);
    await page.getByLabel('Password').fill(ADA.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.waitForURL('**/sessions');
    return page;
  }

  const path = (page: Page) => new URL(page.url()).pathname;
  const rows = (page: Page) => page.getByTestId('session');

  it('logs in by Passport and shows this browser in the list', async () => {
    const page = await logIn(await device());
    expect(await page.getByTestId('email').innerText()).toBe(ADA.email);
    expect(await rows(page).count()).toBe(1);
    expect(await rows(page).innerText()).toMatch(/Chrome on \w+.*This browser.*just now/s);
    expect(await page.evaluate('document.cookie')).toBe('');
  });

  it('P1 logs another browser out, which has the form at its next step', async () => {
    const [here, there] = [await logIn(await device()), await logIn(await device())];
    await here.reload();
    expect(await rows(here).count()).toBe(2);
    await here.getByRole('button', { name: /^Log out Chrome/ }).click();
    await here.getByText('in this browser only').waitFor();
    expect(await rows(here).count()).toBe(1);

    await there.reload();
    expect(path(there)).toBe('/');
    await there.getByLabel('Password').waitFor();
    await here.reload();
    expect(path(here)).toBe('/sessions');
  });

  it('P1 logs out, and the back button shows nothing of it', async () => {
    const page = await logIn(await device());
    await page.getByRole('button', { name: 'Log out', exact: true }).click();
    await page.getByLabel('Password').waitFor();
    expect(await page.context().cookies()).toEqual([]);
    await page.goBack({ waitUntil: 'commit' });
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(await page.content()).not.toContain('This browser');
  });

  it('fits a narrow phone without scrolling sideways', async () => {
    const page = await logIn(await device(320));
    await logIn(await device());
    await page.reload();
    expect(await rows(page).count()).toBe(2);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
  });
});
