// What is more special stands first: nearly every browser says it is Safari, and most that they are Chrome.
const BROWSERS: readonly (readonly [sign: RegExp, name: string])[] = [
  [/\b(Edg|EdgA|EdgiOS)\//, 'Edge'],
  [/\b(OPR|OPiOS|OPT)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|HeadlessChrome|Chromium|CriOS)\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
];
const SYSTEMS: readonly (readonly [sign: RegExp, name: string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\b(Macintosh|Mac OS X)\b/, 'Mac'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/**
 * A name for a device, such as 'Firefox on Windows'. It is made of known words only, never of what the client says, and as
 * trustworthy as that: good enough to recognise one's own devices.
 */
export function deviceName(userAgent: string | undefined): string {
  const browser = match(BROWSERS, userAgent) ?? 'Unknown browser';
  const system = match(SYSTEMS, userAgent);
  return system === undefined ? browser : `${browser} on ${system}`;
}

function match(signs: typeof BROWSERS, userAgent = ''): string | undefined {
  return signs.find(([sign]) => sign.test(userAgent))?.[1];
}
