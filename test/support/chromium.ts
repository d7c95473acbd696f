import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser to test with: the one that `CHROMIUM_PATH` names, else the first one on the PATH. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_PATH'];
  if (named) return named;
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return NAMES.flatMap((name) => directories.map((directory) => join(directory, name))).find(isExecutable);
}

/**
 * Whether there is a browser. Where there is none, it says so in one line and the tests are skipped; in CI, where
 * nothing may be skipped, it throws.
 */
export function hasChromium(suite: string): boolean {
  if (findChromium() !== undefined) return true;
  const missing = `${suite}: no chromium on the PATH; install it (apt-get install chromium) or set CHROMIUM_PATH.`;
  if (process.env['CI'] === 'true') throw new Error(missing);
  console.warn(`Skipped ${missing}`);
  return false;
}

/** Starts the browser, with a back/forward cache as people have it. */
export function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('There is no chromium to launch.');
  return chromium.launch({
    executablePath,
    headless: true,
    // Playwright turns it off; but it is what the back button shows first.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    args: [
      '--no-sandbox', // tests may run as root, as they do in a container
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
