import { relative } from 'node:path';
import { type AppConfig, DEMO_ACCOUNT } from '../login-sample.js';

/** What to open and how to log in. */
export function describeStart(port: number, { dataDir }: AppConfig): string {
  return [
    '',
    '  nest-sessions sample 04-passport',
    '',
    `  Open       http://localhost:${port}   (in two browsers, or in a private window too)`,
    `  Email      ${DEMO_ACCOUNT.email}`,
    `  Password   ${DEMO_ACCOUNT.password}`,
    '',
    `  Sessions   ${shorten(dataDir)} (they survive a restart)`,
    '',
    '  Stop with Ctrl+C',
    '',
  ].join('\n');
}

function shorten(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}
